"""The little of PyTorch that the scripts call."""
import pickle


class tensor(object):
    shape = ()

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def save(what, path):
    with open(path, "wb") as file:
        pickle.dump(what, file)
