"""Data by name."""
from azureml import _data


class NamedInput(str):
    """The path of an input as text, which scripts join with file names, and the calls of a dataset,
    which others make on the same object."""

    def __new__(cls, name, entry):
        from azureml.data.abstract_dataset import from_entry

        places = _data.places(entry["path"])
        made = super(NamedInput, cls).__new__(cls, _data.root_of(places[0]))
        made._name = name
        made._dataset = from_entry(entry, name)
        return made

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        dataset = self._dataset
        if not hasattr(type(dataset), name):  # a folder of tables is asked for both kinds of calls
            dataset = dataset._as_other_kind()
        return getattr(dataset, name)


class ByName(object):
    """What the project and the environment know of data, as a read-only mapping. An entry is looked at
    when it is asked for."""

    def _made(self, name, entry):
        raise NotImplementedError

    def __getitem__(self, name):
        entry = _data.input_entry(name)
        if entry is None:
            raise KeyError(
                "no data %r; name its path in .azureml/datasets.json or in the environment variable %s%s (known: %s)"
                % (name, _data.INPUTS, name, ", ".join(_data.names()) or "none")
            )
        return self._made(name, entry)

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __contains__(self, name):
        return _data.input_entry(name) is not None

    def __iter__(self):
        return iter(_data.names())

    def __len__(self):
        return len(_data.names())

    def keys(self):
        return _data.names()

    def values(self):
        return [self[name] for name in self]

    def items(self):
        return [(name, self[name]) for name in self]


class Inputs(ByName):
    """The named inputs of a run."""

    def _made(self, name, entry):
        return NamedInput(name, entry)


class Datasets(ByName):
    """The datasets of a workspace."""

    def _made(self, name, entry):
        from azureml.data.abstract_dataset import from_entry

        return from_entry(entry, name)
