"""What this package provides, and clear words for the rest."""
import sys

MODULES = ("azureml.core", "azureml.core.run", "azureml.core.experiment", "azureml.exceptions")

# Names of the SDK that scripts import often and that this release does not have.
ABSENT_FROM_CORE = frozenset(
    (
        "Workspace",
        "Dataset",
        "Datastore",
        "Model",
        "Environment",
        "ScriptRunConfig",
        "ComputeTarget",
        "RunConfiguration",
        "Webservice",
        "Image",
        "Keyvault",
        "LinkedService",
        "PrivateEndPoint",
    )
)

_HOW = (
    "This release of hdrive provides the training-script side of the SDK: %s. Submit runs with the "
    "hdrive program (hdrive run submit-hyperdrive)." % ", ".join(MODULES)
)


def absent(what):
    """The text of an error about something that the SDK has and this package does not."""
    return "%s is not provided by hdrive's azureml package. %s" % (what, _HOW)


def not_provided(what):
    """The error for a call that this release cannot carry out."""
    return NotImplementedError(absent(what))


class _LastFinder(object):
    """Asked only when no other finder has the module: says what is supported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("azureml."):
            raise ModuleNotFoundError("No module named %r: %s" % (name, absent(name)), name=name)
        return None


def install():
    """Registers the finder, once per process."""
    if not any(finder is _LastFinder for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder)
