"""The little of pandas that the scripts call."""


class Column(list):
    def apply(self, function):
        return Column(map(function, self))


class DataFrame(object):
    def __init__(self, rows):
        self.columns = rows[0]
        self.rows = rows[1:]

    def dropna(self):
        return self

    def pop(self, name):
        index = self.columns.index(name)
        return Column(row[index] for row in self.rows)


def read_csv(path, sep, **kwargs):
    with open(path) as file:
        return DataFrame([line.strip().split(sep) for line in file])
