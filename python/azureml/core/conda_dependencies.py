"""The packages that a script asks for; recorded, never installed."""
import os

from azureml._supported import not_provided

CONDA_FILE_NAME = "conda_dependencies.yml"
DEFAULT_PYTHON_VERSION = "3.8.13"


class CondaDependencies(object):
    """A list of conda and pip packages."""

    def __init__(self, conda_dependencies_file_path=None, _underlying_structure=None):
        if conda_dependencies_file_path is not None:
            raise not_provided("CondaDependencies(conda_dependencies_file_path)", "Name the file in the run configuration")
        self._conda = ["python=" + DEFAULT_PYTHON_VERSION]
        self._pip = []
        self._pip_options = []
        self._channels = ["anaconda", "conda-forge"]

    @staticmethod
    def create(
        pip_indexurl=None,
        pip_packages=None,
        conda_packages=None,
        python_version=None,
        pin_sdk_version=True,
        **kwargs
    ):
        made = CondaDependencies()
        if python_version:
            made.set_python_version(python_version)
        if pip_indexurl:
            made._pip_options.append("--index-url " + pip_indexurl)
        for package in conda_packages or ():
            made.add_conda_package(package)
        for package in pip_packages or ():
            made.add_pip_package(package)
        return made

    def set_python_version(self, version):
        self._conda[0] = "python=%s" % version

    def add_conda_package(self, conda_package):
        _add(self._conda, conda_package)

    def remove_conda_package(self, conda_package):
        _remove(self._conda, conda_package)

    def add_pip_package(self, pip_package):
        _add(self._pip, pip_package)

    def remove_pip_package(self, pip_package):
        _remove(self._pip, pip_package)

    def set_pip_requirements(self, pip_requirements):
        self._pip = [str(one) for one in pip_requirements]

    def set_pip_option(self, pip_option):
        self._pip_options.append(str(pip_option))

    def set_pip_index_url(self, index_url):
        self._pip_options.append("--index-url %s" % index_url)

    def add_channel(self, channel):
        _add(self._channels, channel)

    def remove_channel(self, channel):
        _remove(self._channels, channel)

    def add_tensorflow_pip_package(self, core_type="cpu", version=None):
        name = "tensorflow-gpu" if core_type == "gpu" else "tensorflow"
        self.add_pip_package(name + ("==" + version if version else ""))

    def add_tensorflow_conda_package(self, core_type="cpu", version=None):
        name = "tensorflow-gpu" if core_type == "gpu" else "tensorflow"
        self.add_conda_package(name + ("=" + version if version else ""))

    @property
    def conda_packages(self):
        return iter(list(self._conda))

    @property
    def pip_packages(self):
        return iter(list(self._pip))

    @property
    def pip_options(self):
        return iter(list(self._pip_options))

    @property
    def conda_channels(self):
        return iter(list(self._channels))

    def get_python_version(self):
        return self._conda[0].split("=", 1)[1]

    def as_dict(self):
        dependencies = list(self._conda)
        if self._pip or self._pip_options:
            dependencies.append({"pip": self._pip_options + self._pip})
        return {"channels": list(self._channels), "dependencies": dependencies}

    def serialize_to_string(self):
        """The text of a conda environment file."""
        lines = ["dependencies:"] + ["- " + one for one in self._conda]
        if self._pip or self._pip_options:
            lines += ["- pip:"] + ["  - " + one for one in self._pip_options + self._pip]
        return "\n".join(lines + ["channels:"] + ["- " + one for one in self._channels]) + "\n"

    def save_to_file(self, base_directory, conda_file_path=CONDA_FILE_NAME):
        path = os.path.join(base_directory, conda_file_path)
        with open(path, "w") as file:
            file.write(self.serialize_to_string())
        return path

    def save(self, path=None):
        return self.save_to_file(os.path.dirname(path or ""), os.path.basename(path or CONDA_FILE_NAME))


def _add(packages, package):
    if str(package) not in packages:
        packages.append(str(package))


def _remove(packages, package):
    if str(package) in packages:
        packages.remove(str(package))
