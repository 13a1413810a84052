"""What a registered model would be served with; recorded only."""


class ResourceConfiguration(object):
    """Cores, gigabytes of memory and GPUs."""

    def __init__(self, cpu=None, memory_in_gb=None, gpu=None):
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu

    def as_dict(self):
        found = {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}
        return {key: value for key, value in found.items() if value is not None}
