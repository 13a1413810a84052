"""azureml.core: what a training script needs. Every name is loaded on its first use."""
import sys
import types
from importlib import import_module

from azureml import _supported

#: Interface level of the SDK that is followed, marked as hdrive's.
VERSION = "1.60.0+hdrive"
__version__ = VERSION

_MODULE_OF = {
    "ComputeTarget": "compute",
    "ContainerRegistry": "container_registry",
    "Dataset": "dataset",
    "Datastore": "datastore",
    "Environment": "environment",
    "Experiment": "experiment",
    "Image": "image",
    "Keyvault": "keyvault",
    "LinkedService": "linked_service",
    "Model": "model",
    "PrivateEndPoint": "private_endpoint",
    "Run": "run",
    "RunConfiguration": "runconfig",
    "ScriptRun": "script_run",
    "ScriptRunConfig": "script_run_config",
    "Webservice": "webservice",
    "Workspace": "workspace",
    "get_run": "run",
}

__all__ = sorted(_MODULE_OF) + ["VERSION"]


class _Module(types.ModuleType):
    """Python 3.6 has no module __getattr__; a module's class may be changed everywhere."""

    def __getattr__(self, name):
        if name in _MODULE_OF:
            value = getattr(import_module("azureml.core." + _MODULE_OF[name]), name)
            setattr(self, name, value)
            return value
        if name.startswith("_"):
            raise AttributeError("module 'azureml.core' has no attribute %r" % name)
        try:  # a module that was not imported by name: azureml.core.compute after import azureml.core
            return import_module("azureml.core." + name)
        except ImportError:
            raise AttributeError("module 'azureml.core' has no attribute %r: %s" % (name, _supported.absent(name)))


sys.modules[__name__].__class__ = _Module
