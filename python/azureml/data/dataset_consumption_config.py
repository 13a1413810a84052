"""A dataset as an argument or input."""


class DatasetConsumptionConfig(object):
    """A named dataset. Its text is the local path of the data."""

    def __init__(self, name, dataset, mode="direct", path_on_compute=None):
        self.name = name
        self.dataset = dataset
        self.mode = mode
        self.path_on_compute = path_on_compute

    def __str__(self):
        dataset = self.dataset
        return dataset._path() if hasattr(dataset, "_path") else dataset._as_other_kind()._path()

    __fspath__ = __str__

    def as_mount(self, path_on_compute=None):
        return DatasetConsumptionConfig(self.name, self.dataset, "mount", path_on_compute)

    def as_download(self, path_on_compute=None):
        return DatasetConsumptionConfig(self.name, self.dataset, "download", path_on_compute)

    def as_direct(self):
        return DatasetConsumptionConfig(self.name, self.dataset)

    as_hdfs = as_mount
