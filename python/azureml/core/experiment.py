"""The experiment of a run."""
from azureml._supported import not_provided


class Experiment(object):
    """Name under which runs are grouped."""

    def __init__(self, workspace, name, **kwargs):
        self._workspace = workspace
        self._name = name

    def __repr__(self):
        return "Experiment(Name: %s)" % self._name

    @property
    def name(self):
        return self._name

    @property
    def workspace(self):
        if self._workspace is None:
            raise not_provided("Experiment.workspace")
        return self._workspace

    def submit(self, config, tags=None, **kwargs):
        raise not_provided("Experiment.submit")

    def start_logging(self, *args, **kwargs):
        raise not_provided("Experiment.start_logging")

    def get_runs(self, *args, **kwargs):
        raise not_provided("Experiment.get_runs")
