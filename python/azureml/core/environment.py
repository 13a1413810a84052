"""Environments as scripts describe them: recorded, never built. Child runs use the interpreter of their
run configuration."""
import copy
import json
import os
import sys

from azureml._supported import not_provided
from azureml.core.conda_dependencies import CondaDependencies

_INSTEAD = "Nothing is built: name the interpreter in the run configuration (environment.python.interpreterPath)"
DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"


class _Section(object):
    """Attributes, known ones with a default, and any other that a script sets."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join(sorted(self.__dict__)))


class PythonSection(_Section):
    """Interpreter and packages."""

    def __init__(self, **attributes):
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.conda_dependencies_file = None
        self.base_conda_environment = None
        self.conda_dependencies = CondaDependencies()
        super(PythonSection, self).__init__(**attributes)


class DockerSection(_Section):
    """Image and its options."""

    def __init__(self, **attributes):
        self.enabled = False
        self.base_image = DEFAULT_CPU_IMAGE
        self.base_dockerfile = None
        self.base_image_registry = _Section(address=None, username=None, password=None)
        self.arguments = []
        self.shm_size = None
        self.shared_volumes = True
        self.platform = _Section(os="Linux", architecture="amd64")
        super(DockerSection, self).__init__(**attributes)


class SparkSection(_Section):
    """Spark's packages."""


class RSection(_Section):
    """R's packages."""


class Environment(object):
    """A named description of what a script needs."""

    def __init__(self, name=None, **kwargs):
        self.name = name
        self.version = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection(repositories=[], packages=[], precache_packages=True)
        self.r = None
        self.environment_variables = {}
        self.inferencing_stack_version = None

    def __repr__(self):
        return "Environment(Name: %s)" % self.name

    @staticmethod
    def _of_this_process():
        made = Environment("local")
        made.version = "1"
        made.python.user_managed_dependencies = True
        made.python.interpreter_path = sys.executable
        return made

    @staticmethod
    def get(workspace, name, version=None, **kwargs):
        """A description with this name; nothing is looked up."""
        found = Environment(name)
        found.version = version
        return found

    @staticmethod
    def list(workspace):
        """The Python that runs this script, by name."""
        made = Environment._of_this_process()
        return {made.name: made}

    @staticmethod
    def from_conda_specification(name, file_path):
        made = Environment(name)
        made.python.conda_dependencies_file = _existing(file_path)
        return made

    @staticmethod
    def from_pip_requirements(name, file_path, pip_version=None):
        made = Environment(name)
        with open(_existing(file_path)) as file:
            lines = [line.strip() for line in file]
        made.python.conda_dependencies.set_pip_requirements(
            line for line in lines if line and not line.startswith("#")
        )
        return made

    @staticmethod
    def from_existing_conda_environment(name, conda_environment_name):
        made = Environment(name)
        made.python.base_conda_environment = conda_environment_name
        return made

    @staticmethod
    def from_docker_image(name, image, container_registry=None, conda_specification=None, pip_requirements=None):
        made = Environment(name)
        made.docker.base_image = image
        return made

    @staticmethod
    def from_dockerfile(name, dockerfile, conda_specification=None, pip_requirements=None):
        made = Environment(name)
        made.docker.base_image = None
        made.docker.base_dockerfile = dockerfile
        return made

    @staticmethod
    def load_from_directory(path):
        with open(os.path.join(path, "azureml_environment.json")) as file:
            found = json.load(file)
        made = Environment(found.get("name"))
        made.environment_variables = found.get("environmentVariables") or {}
        return made

    def save_to_directory(self, path, overwrite=False):
        os.makedirs(path, exist_ok=overwrite)
        with open(os.path.join(path, "azureml_environment.json"), "w") as file:
            json.dump({"name": self.name, "environmentVariables": self.environment_variables}, file, indent=1)

    def clone(self, new_name):
        made = copy.deepcopy(self)
        made.name = new_name
        return made

    def register(self, workspace):
        """Recorded by its object alone."""
        return self

    def get_image_details(self, workspace):
        raise not_provided("Environment.get_image_details", _INSTEAD)

    def build(self, workspace, image_build_compute=None):
        raise not_provided("Environment.build", _INSTEAD)

    def build_local(self, workspace, *args, **kwargs):
        raise not_provided("Environment.build_local", _INSTEAD)


def _existing(path):
    from azureml.exceptions import UserErrorException

    if not os.path.isfile(path):
        raise UserErrorException("there is no file %s" % path)
    return os.fspath(path)
