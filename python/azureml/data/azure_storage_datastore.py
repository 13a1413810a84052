"""Kinds of datastores. Here each is a folder."""
from azureml.core.datastore import FolderDatastore


class AbstractAzureStorageDatastore(FolderDatastore):
    """See FolderDatastore."""


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    """See FolderDatastore."""


class AzureFileDatastore(AbstractAzureStorageDatastore):
    """See FolderDatastore."""
