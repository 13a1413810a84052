"""Datastores: each is a folder of this machine, see docs/python.md for which."""
import os

from azureml import _data, _project
from azureml._supported import not_provided
from azureml.exceptions import UserErrorException

_INSTEAD = "Name its folder in .azureml/datastores.json"


class FolderDatastore(object):
    """A folder under a name."""

    datastore_type = "AzureBlob"

    def __init__(self, workspace, name, folder):
        self.workspace = workspace
        self.name = name
        self._folder = folder
        self.account_name = ""
        self.container_name = name
        self.endpoint = "core.windows.net"
        self.protocol = "file"

    def __repr__(self):
        return "Datastore(name=%r, folder=%r)" % (self.name, self._folder)

    def _place(self, path):
        """A place of the datastore; one that leads out of it is refused."""
        inside = str(path or "").replace("\\", "/").lstrip("/")
        if ".." in inside.split("/"):
            raise UserErrorException("a path of datastore %r leads out of it: %r" % (self.name, path))
        if _data.is_web(self._folder):
            return self._folder.rstrip("/") + "/" + inside
        return os.path.normpath(os.path.join(self._folder, inside))

    def path(self, path=None, data_reference_name=None):
        from azureml.data.data_reference import DataReference

        return DataReference(self, data_reference_name, path)

    def as_mount(self):
        return self.path().as_mount()

    def as_download(self, path_on_compute=None):
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute=None):
        return self.path().as_upload(path_on_compute)

    def upload(self, src_dir, target_path=None, overwrite=False, show_progress=True):
        """Copies a folder into the datastore. Files that are there stay unless `overwrite`."""
        files = _data.files([_data.absolute(src_dir)])
        self._keep(files, target_path, overwrite, show_progress)
        return self.path(target_path)

    def upload_files(self, files, relative_root=None, target_path=None, overwrite=False, show_progress=True):
        """Copies files into the datastore, under their names relative to `relative_root`, by default
        the folder that they share."""
        paths = [_data.absolute(file) for file in files]
        root = _data.absolute(relative_root) if relative_root else os.path.commonpath([os.path.dirname(p) for p in paths])
        listed = [(os.path.relpath(path, root).replace(os.sep, "/"), path) for path in paths]
        self._keep(listed, target_path, overwrite, show_progress)
        return self.path(target_path)

    def _keep(self, listed, target_path, overwrite, show_progress):
        target = self._place(target_path)
        if _data.is_web(target):
            raise not_provided("Writing to the datastore %r at %s" % (self.name, target), _INSTEAD)
        _project.make_private_folders(self._folder)
        for name, path in listed:
            if os.path.exists(os.path.join(target, name)) and not overwrite:
                continue
            _data.copy_files([(name, path)], target)
            if show_progress:
                print("Uploaded %s" % name, flush=True)

    def download(self, target_path, prefix=None, overwrite=False, show_progress=True):
        """Copies the files whose path in the datastore starts with `prefix`; how many."""
        count = 0
        for name, path in _data.files([self._place("")]):
            if not name.startswith((prefix or "").lstrip("/")):
                continue
            if overwrite or not os.path.exists(os.path.join(target_path, name)):
                _data.copy_files([(name, path)], os.fspath(target_path))
                count += 1
        return count

    def unregister(self):
        raise not_provided("Datastore.unregister", _INSTEAD)


class _Kind(type):
    """Datastore(workspace, name) gives a FolderDatastore, as get() does."""

    def __instancecheck__(cls, one):
        return isinstance(one, FolderDatastore)

    def __call__(cls, workspace, name=None):
        return cls.get(workspace, name or _data.default_datastore())

    def __getattr__(cls, name):
        if name.startswith("register_"):
            raise not_provided("Datastore." + name, _INSTEAD)
        raise AttributeError(name)


class Datastore(_Kind("_Datastore", (object,), {})):
    """Finds datastores by name."""

    @staticmethod
    def _names():
        return sorted(_data.datastores())

    @staticmethod
    def get(workspace, datastore_name):
        """The datastore of a name. Raises UserErrorException for an unknown one."""
        from azureml.data.azure_storage_datastore import AzureBlobDatastore

        folders = _data.datastores()
        if datastore_name not in folders:
            raise UserErrorException(
                "there is no datastore %r, only %s. %s" % (datastore_name, ", ".join(sorted(folders)), _INSTEAD)
            )
        return AzureBlobDatastore(workspace, datastore_name, folders[datastore_name])

    @staticmethod
    def get_default(workspace):
        return Datastore.get(workspace, _data.default_datastore())
