"""azureml.core: what a training script needs."""
import sys
import types

from azureml import _supported
from azureml.core.experiment import Experiment
from azureml.core.run import Run

__all__ = ["Experiment", "Run", "VERSION"]

#: Interface level of the SDK that is followed, marked as hdrive's.
VERSION = "1.60.0+hdrive"
__version__ = VERSION


class _Module(types.ModuleType):
    """Names that exist in the SDK and not here fail with words (Python 3.6 has no module
    __getattr__, a module's class may be changed everywhere)."""

    def __getattr__(self, name):
        if name in _supported.ABSENT_FROM_CORE:
            raise ImportError("cannot import name %r: %s" % (name, _supported.absent("azureml.core." + name)))
        raise AttributeError("module 'azureml.core' has no attribute %r" % name)


sys.modules[__name__].__class__ = _Module
