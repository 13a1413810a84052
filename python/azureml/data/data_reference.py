"""A path on a datastore, as scripts passed it before there were datasets."""
import os

from azureml import _data


class DataReference(object):
    """Data at `path_on_datastore` of a datastore. Its text is the local path."""

    def __init__(
        self,
        datastore=None,
        data_reference_name=None,
        path_on_datastore=None,
        mode="mount",
        path_on_compute=None,
        overwrite=False,
        **kwargs
    ):
        self.datastore = datastore
        self.data_reference_name = data_reference_name or getattr(datastore, "name", None)
        self.path_on_datastore = path_on_datastore
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def _places(self):
        named = os.environ.get(_data.INPUTS + str(self.data_reference_name))
        if named and self.data_reference_name != self.datastore.name:
            return [_data.absolute(named)]
        return [self.datastore._place(self.path_on_datastore or "")]

    def __str__(self):
        return self._places()[0]

    __fspath__ = __str__

    def __repr__(self):
        return "DataReference(%s)" % self.data_reference_name

    def path(self, path=None, data_reference_name=None):
        inside = "/".join(part for part in (self.path_on_datastore, path) if part)
        return DataReference(self.datastore, data_reference_name or self.data_reference_name, inside)

    def _as(self, mode, path_on_compute, overwrite=False):
        return DataReference(
            self.datastore, self.data_reference_name, self.path_on_datastore, mode, path_on_compute, overwrite
        )

    def as_mount(self):
        return self._as("mount", None)

    def as_download(self, path_on_compute=None, overwrite=False):
        return self._as("download", path_on_compute, overwrite)

    def as_upload(self, path_on_compute=None, overwrite=False):
        return self._as("upload", path_on_compute, overwrite)
