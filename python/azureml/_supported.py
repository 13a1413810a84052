"""What this package provides, and clear words for the rest."""
import sys

DOCUMENT = "docs/python.md"
OTHER_RUNS = "Read other runs with the hdrive program: hdrive run show, children, best, metrics, download-logs"
_ANYTHING = "Submit runs with the hdrive program: hdrive run submit-hyperdrive, hdrive run submit-script"


def absent(what, instead=None):
    """The text of an error about something that the SDK has and this package does not."""
    return (
        "%s is not provided by hdrive's azureml package, which has the training-script side of the SDK "
        "(azureml.core, azureml.core.run, azureml.data, ...; listed in %s). %s." % (what, DOCUMENT, instead or _ANYTHING)
    )


def not_provided(what, instead=None):
    """The error for a call that this package cannot carry out."""
    return NotImplementedError(absent(what, instead))


class _LastFinder(object):
    """Asked only when no other finder has the module: makes the stand-ins, says of all others what is
    supported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.startswith("azureml."):
            return None
        from azureml import _stand_ins

        spec = _stand_ins.spec_of(name)
        if spec is None:
            raise ModuleNotFoundError("No module named %r: %s" % (name, absent(name)), name=name)
        return spec


def install():
    """Registers the finder, once per process."""
    if not any(finder is _LastFinder for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder)
