"""Files at places."""
import os

from azureml import _data
from azureml.data.abstract_dataset import AbstractDataset


class FileDataset(AbstractDataset):
    """Files and folders, read where they lie; what is at a URL is fetched when it is wanted."""

    def _entry(self):
        return {"type": "file", "path": self._sources}

    def _as_other_kind(self):
        from azureml.data.abstract_dataset import table_kind
        from azureml.data.tabular_dataset import TabularDataset

        files = _data.files(self._sources)
        kind, options = table_kind(files[0][0]) or ("delimited", {})
        return TabularDataset([path for _, path in files], kind, options)

    def _same(self, sources):
        return FileDataset(sources, name=self._name, version=self._version)

    def to_path(self):
        """Names of the files, relative to the dataset, each with a `/` in front."""
        return ["/" + name for name, _ in _data.files(self._sources)]

    def download(self, target_path=None, overwrite=False, ignore_not_found=False, **kwargs):
        """Copies the files below a folder, by default a new temporary one; the paths of the copies."""
        if target_path is None:
            import tempfile

            target_path = tempfile.mkdtemp(prefix="hdrive-data-")
        return _data.copy_files(_data.files(self._sources), os.fspath(target_path), overwrite)

    def _path(self):
        """One local path that holds the data: the place itself where it is one, else copies."""
        if len(self._sources) == 1 and not _data.is_web(self._sources[0]):
            return _data.root_of(self._sources[0])
        copies = self.download()
        return copies[0] if len(copies) == 1 else os.path.commonpath(copies)

    def as_mount(self, path_on_compute=None):
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig("input", self, "mount", path_on_compute)

    def as_download(self, path_on_compute=None):
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig("input", self, "download", path_on_compute)

    as_hdfs = as_mount

    def mount(self, mount_point=None, **kwargs):
        """A context: within it, the data is at its `mount_point`."""
        return MountContext(self, mount_point)

    def skip(self, count):
        return self._same([path for _, path in _data.files(self._sources)][count:])

    def take(self, count):
        return self._same([path for _, path in _data.files(self._sources)][:count])

    def random_sample(self, probability, seed=None):
        return self._same(self._shuffled_parts(probability, seed)[0])

    def random_split(self, percentage, seed=None):
        """Two datasets: about `percentage` (0 to 1) of the files, and the others."""
        first, second = self._shuffled_parts(percentage, seed)
        return self._same(first), self._same(second)

    def _shuffled_parts(self, share, seed):
        import random

        generator = random.Random(seed)
        parts = ([], [])
        for _, path in _data.files(self._sources):
            parts[generator.random() >= share].append(path)
        return parts


class MountContext(object):
    """What mount() gives. A single folder is used where it lies; otherwise, and under a mount point
    that the script chose, there are links to it or copies."""

    def __init__(self, dataset, mount_point):
        self._dataset = dataset
        self._chosen = os.path.abspath(os.fspath(mount_point)) if mount_point else None
        self._links = []
        self.mount_point = self._chosen or dataset._path()

    def start(self):
        if self._chosen is None:
            return
        source = self._dataset._path()
        os.makedirs(self._chosen, exist_ok=True)
        folder = os.path.isdir(source)
        for path in [os.path.join(source, name) for name in os.listdir(source)] if folder else [source]:
            link = os.path.join(self._chosen, os.path.basename(path))
            if not os.path.lexists(link):
                os.symlink(path, link)
                self._links.append(link)

    def stop(self):
        for link in self._links:
            os.remove(link)
        self._links = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        return False
