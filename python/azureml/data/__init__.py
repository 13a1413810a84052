"""azureml.data: datasets, loaded on their first use."""
import sys
import types
from importlib import import_module

_MODULE_OF = {
    "DataType": "dataset_factory",
    "FileDataset": "file_dataset",
    "LinkFileOutputDatasetConfig": "output_dataset_config",
    "OutputFileDatasetConfig": "output_dataset_config",
    "TabularDataset": "tabular_dataset",
}

__all__ = sorted(_MODULE_OF)


class _Module(types.ModuleType):
    """See azureml.core."""

    def __getattr__(self, name):
        if name not in _MODULE_OF:
            raise AttributeError("module 'azureml.data' has no attribute %r" % name)
        value = getattr(import_module("azureml.data." + _MODULE_OF[name]), name)
        setattr(self, name, value)
        return value


sys.modules[__name__].__class__ = _Module
