"""Datasets by name."""
from azureml import _data
from azureml.data.abstract_dataset import AbstractDataset, from_entry
from azureml.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory
from azureml.exceptions import DatasetValidationError


class _Kind(type):
    """isinstance(x, Dataset) holds for every dataset."""

    def __instancecheck__(cls, one):
        return isinstance(one, AbstractDataset)


class Dataset(_Kind("_Dataset", (object,), {})):
    """Finds datasets by name, and makes them from paths: `Dataset.Tabular`, `Dataset.File`."""

    Tabular = TabularDatasetFactory
    File = FileDatasetFactory

    @staticmethod
    def get_by_name(workspace, name, version="latest", **kwargs):
        """The dataset of a name, see docs/python.md for where names are looked up. Raises
        DatasetValidationError, a UserErrorException, when it is nowhere."""
        entry = _data.input_entry(name) if version == "latest" else _data.named_entry(name, version)
        if entry is None:
            raise DatasetValidationError(
                "there is no dataset %r%s; name its path in .azureml/datasets.json (known: %s)"
                % (name, "" if version == "latest" else " of version %s" % version, ", ".join(_data.names()) or "none")
            )
        return from_entry(entry, name)

    @staticmethod
    def get(workspace, name=None, id=None, **kwargs):
        return Dataset.get_by_name(workspace, name) if name else Dataset.get_by_id(workspace, id)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        """An id is `name:version`, or a name."""
        name, _, version = str(id).partition(":")
        return Dataset.get_by_name(workspace, name, version if version not in ("", "1") else "latest")

    @staticmethod
    def get_all(workspace):
        """Every named dataset, by name."""
        from azureml._inputs import Datasets

        return Datasets()

    # As early releases named them.

    @staticmethod
    def from_delimited_files(path, *args, **kwargs):
        return TabularDatasetFactory.from_delimited_files(path, *args, **kwargs)

    @staticmethod
    def auto_read_files(path, *args, **kwargs):
        return from_entry({"path": _data.places(path), "type": "tabular"})
