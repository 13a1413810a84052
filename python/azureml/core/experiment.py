"""The experiment of a run."""
from azureml._supported import OTHER_RUNS, not_provided


class Experiment(object):
    """Name under which runs are grouped."""

    def __init__(self, workspace=None, name=None, **kwargs):
        self._workspace = workspace
        self._name = name
        self.tags = dict(kwargs.get("tags") or {})
        self.description = kwargs.get("description")

    def __repr__(self):
        return "Experiment(Name: %s)" % self._name

    @property
    def name(self):
        return self._name

    @property
    def id(self):
        return self._name

    @property
    def workspace(self):
        if self._workspace is None:
            from azureml.core.workspace import Workspace

            self._workspace = Workspace.from_config()
        return self._workspace

    @property
    def workspace_object(self):
        return self.workspace

    def set_tags(self, tags):
        self.tags.update(tags)

    def start_logging(self, *args, **kwargs):
        """The run of this script; outside a run one that prints what is logged."""
        from azureml.core.run import Run

        return Run.get_context()

    def submit(self, config, tags=None, **kwargs):
        raise not_provided("Experiment.submit")

    def get_runs(self, *args, **kwargs):
        raise not_provided("Experiment.get_runs", OTHER_RUNS)

    @staticmethod
    def list(workspace, *args, **kwargs):
        raise not_provided("Experiment.list", "hdrive experiment list names the experiments")
