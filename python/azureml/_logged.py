"""What this process has logged, in the shapes that get_metrics() returns."""
from collections import deque

KEPT_VALUES = 100000  # per metric, so that a script which logs for days does not grow for ever


class LoggedMetrics(object):
    """A name logged once reads back as one value, more often as a list; tables read back as
    columns."""

    def __init__(self):
        self._series = {}
        self._lists = {}
        self._tables = {}

    def add_value(self, name, value):
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = deque(maxlen=KEPT_VALUES)
        series.append(value)

    def add_list(self, name, values):
        self._lists.setdefault(name, deque(maxlen=KEPT_VALUES)).extend(values)

    def add_row(self, name, columns):
        table = self._tables.setdefault(name, {})
        for column, value in columns.items():
            table.setdefault(column, deque(maxlen=KEPT_VALUES)).append(value)

    def as_dict(self, name=None):
        found = {key: self._one_or_all(values) for key, values in self._series.items()}
        found.update((key, list(values)) for key, values in self._lists.items())
        for key, columns in self._tables.items():
            found[key] = {column: self._one_or_all(values) for column, values in columns.items()}
        if name is None:
            return found
        return {name: found[name]} if name in found else {}

    @staticmethod
    def _one_or_all(values):
        return values[0] if len(values) == 1 else list(values)
