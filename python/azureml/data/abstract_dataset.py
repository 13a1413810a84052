"""What file and tabular datasets have in common."""
from azureml import _data
from azureml._supported import not_provided


class AbstractDataset(object):
    """Data at places, under a name once registered."""

    def __init__(self, places, name=None, version=None, description=None, tags=None):
        self._sources = list(places)
        self._name = name
        self._version = version
        self._description = description
        self._tags = dict(tags or {})

    def __repr__(self):
        return "%s(name=%r, source=%r)" % (type(self).__name__, self._name, self._sources)

    def _places(self):
        return list(self._sources)

    @property
    def name(self):
        return self._name

    @property
    def version(self):
        return self._version

    @property
    def id(self):
        """Name and version of a registered dataset, else None."""
        return "%s:%s" % (self._name, self._version or 1) if self._name else None

    @property
    def description(self):
        return self._description

    @property
    def tags(self):
        return dict(self._tags)

    def add_tags(self, tags):
        self._tags.update(tags)

    def remove_tags(self, tags):
        for key in tags:
            self._tags.pop(key, None)

    # Subclasses say what to keep, and make a dataset from it.
    def _entry(self):
        raise NotImplementedError

    def register(self, workspace, name, description=None, tags=None, create_new_version=False):
        """Keeps the dataset's places under a name in the project, for get_by_name(). The data stays
        where it is."""
        entry = dict(self._entry(), description=description, tags=dict(tags or {}))
        return from_entry(_data.register(name, entry, create_new_version), name)

    def unregister_all_versions(self):
        if self._name:
            _data.unregister(self._name)
        self._name = None

    def as_named_input(self, name):
        """The data as an argument: its text is the path."""
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name, self)

    def get_partition_key_values(self, *args, **kwargs):
        raise not_provided("get_partition_key_values", "Read the data with pandas")

    def filter(self, *args, **kwargs):
        raise not_provided("filter", "Filter the data frame of to_pandas_dataframe()")

    # As early releases named them.

    @staticmethod
    def get_by_name(workspace, name, version="latest", **kwargs):
        from azureml.core.dataset import Dataset

        return Dataset.get_by_name(workspace, name, version)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        from azureml.core.dataset import Dataset

        return Dataset.get_by_id(workspace, id)


TABLES = {
    ".csv": ("delimited", {}),
    ".tsv": ("delimited", {"separator": "\t"}),
    ".txt": ("delimited", {}),
    ".parquet": ("parquet", {}),
    ".json": ("json", {}),
    ".jsonl": ("json", {}),
    ".ndjson": ("json", {}),
}


def table_kind(place):
    """(kind, options) of a file that its ending tells to be a table, else None."""
    lower = place.split("?", 1)[0].lower()
    for ending in TABLES:
        if lower.endswith(ending):
            return TABLES[ending]
    return None


def from_entry(entry, name=None):
    """The dataset that an entry stands for. Without a type one file of a table is tabular, and
    everything else is files."""
    from azureml.data.file_dataset import FileDataset
    from azureml.data.tabular_dataset import TabularDataset

    places = _data.places(entry["path"])
    facts = {
        "name": name,
        "version": entry.get("version"),
        "description": entry.get("description"),
        "tags": entry.get("tags"),
    }
    table = table_kind(places[0])
    if entry.get("type") == "tabular" or (entry.get("type") is None and table):
        kind, options = table or ("delimited", {})
        return TabularDataset(
            places, entry.get("kind", kind), entry.get("options", options), entry.get("steps", ()), **facts
        )
    return FileDataset(places, **facts)
