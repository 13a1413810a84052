"""Base of the datastores."""
from azureml.core.datastore import FolderDatastore as AbstractDatastore

__all__ = ["AbstractDatastore"]
