"""The workspace: here the project folder of the script."""
import os

from azureml import _project
from azureml._supported import not_provided


class Workspace(object):
    """The project folder, with the names that `.azureml/config.json` gives it, if there is one.
    Every way to get a workspace leads to this one."""

    DEFAULT_CPU_CLUSTER_CONFIGURATION = {}
    DEFAULT_GPU_CLUSTER_CONFIGURATION = {}

    def __init__(self, subscription_id=None, resource_group=None, workspace_name=None, auth=None, **kwargs):
        self.subscription_id = subscription_id or os.environ.get("AZUREML_ARM_SUBSCRIPTION", "")
        self.resource_group = resource_group or os.environ.get("AZUREML_ARM_RESOURCEGROUP", "")
        self._name = (
            workspace_name
            or os.environ.get("AZUREML_ARM_WORKSPACE_NAME")
            or os.path.basename(_project.folder())
            or "workspace"
        )
        self.location = kwargs.get("location") or "local"
        self.tags = dict(kwargs.get("tags") or {})
        self.sku = "Basic"

    def __repr__(self):
        return "Workspace.create(name=%r, subscription_id=%r, resource_group=%r)" % (
            self._name,
            self.subscription_id,
            self.resource_group,
        )

    @classmethod
    def from_config(cls, path=None, auth=None, _logger=None, _file_name=None, **kwargs):
        """The workspace named in `config.json` of `path`, of the project's `.azureml`, or nowhere: a
        file that is missing or no JSON leaves the names of Azure empty, nothing more."""
        config = {}
        for file in _config_files(path, _file_name or "config.json"):
            if os.path.isfile(file):
                try:
                    config = _project.read_json(file)
                except ValueError:
                    config = {}
                break
        return cls(
            config.get("subscription_id"), config.get("resource_group"), config.get("workspace_name"), location=None
        )

    @classmethod
    def get(cls, name=None, auth=None, subscription_id=None, resource_group=None, **kwargs):
        return cls(subscription_id, resource_group, name)

    @classmethod
    def setup(cls, *args, **kwargs):
        return cls.from_config()

    @staticmethod
    def create(name, *args, **kwargs):
        raise not_provided("Workspace.create", "A folder becomes a project with hdrive folder attach")

    @staticmethod
    def list(*args, **kwargs):
        raise not_provided("Workspace.list", "There is one workspace, the project folder")

    def write_config(self, path=None, file_name=None, **kwargs):
        """Writes `config.json` into `.azureml` of `path`, by default of the project folder."""
        folder = os.path.join(path or _project.folder(), ".azureml")
        os.makedirs(folder, exist_ok=True)
        names = {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self._name,
        }
        _project.replace_json(os.path.join(folder, file_name or "config.json"), names)

    @property
    def name(self):
        return self._name

    def get_details(self):
        return {
            "id": self._name,
            "name": self._name,
            "location": self.location,
            "subscriptionId": self.subscription_id,
            "resourceGroup": self.resource_group,
            "tags": dict(self.tags),
        }

    # What it holds

    def get_default_datastore(self):
        from azureml.core.datastore import Datastore

        return Datastore.get_default(self)

    def set_default_datastore(self, name):
        raise not_provided("Workspace.set_default_datastore", 'Set "default" in .azureml/datastores.json')

    @property
    def datastores(self):
        from azureml.core.datastore import Datastore

        return {name: Datastore.get(self, name) for name in Datastore._names()}

    @property
    def datasets(self):
        """Named data by name, see docs/python.md."""
        from azureml.core.dataset import Dataset

        return Dataset.get_all(self)

    @property
    def models(self):
        """The newest version of every registered model, by name."""
        from azureml.core.model import Model

        return {model.name: model for model in Model.list(self, latest=True)}

    @property
    def compute_targets(self):
        from azureml.core.compute import ComputeTarget

        return {target.name: target for target in ComputeTarget.list(self)}

    @property
    def experiments(self):
        """The experiment of the run that this script belongs to, if any."""
        from azureml.core.experiment import Experiment

        name = os.environ.get("AZUREML_ARM_PROJECT_NAME")
        return {name: Experiment(self, name)} if name else {}

    @property
    def environments(self):
        """The Python that runs this script."""
        from azureml.core.environment import Environment

        return Environment.list(self)

    @property
    def webservices(self):
        return {}

    @property
    def images(self):
        return {}

    @property
    def linked_services(self):
        return {}

    def get_default_compute_target(self, type="CPU"):
        from azureml.core.compute import ComputeTarget

        return ComputeTarget(self, "local")

    def get_default_keyvault(self):
        from azureml.core.keyvault import Keyvault

        return Keyvault(self)

    def get_mlflow_tracking_uri(self, with_auth=False):
        """MLFLOW_TRACKING_URI; where it is not set, a folder that is kept with the run."""
        from azureml import _artifacts

        folder = os.path.join(_artifacts.root(), "outputs", "mlruns")
        return os.environ.get("MLFLOW_TRACKING_URI") or "file://" + folder

    def get_run(self, run_id):
        from azureml.core.run import get_run

        return get_run(None, run_id)


def _config_files(path, name):
    if path:
        path = os.fspath(path)
        yield path
        where = path
    else:
        where = _project.folder()
    for mark in ("", ".azureml", "aml_config"):
        yield os.path.join(where, mark, name)
