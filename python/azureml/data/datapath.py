"""A path on a datastore."""


class DataPath(object):
    """Data at `path_on_datastore` of a datastore."""

    def __init__(self, datastore=None, path_on_datastore=None, name=None):
        self.datastore_name = getattr(datastore, "name", None)
        self.path_on_datastore = path_on_datastore
        self._datastore = datastore
        self._name = name

    def _places(self):
        return [self._datastore._place(self.path_on_datastore or "")]

    def create_data_reference(self, data_reference_name=None, datapath_compute_binding=None):
        from azureml.data.data_reference import DataReference

        return DataReference(self._datastore, data_reference_name, self.path_on_datastore)


class DataPathComputeBinding(object):
    """How data would reach a machine; recorded only."""

    def __init__(self, mode="mount", path_on_compute=None, overwrite=False):
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
