"""Training-script side of the Azure Machine Learning SDK v1 names, provided by hdrive.

Scripts written for SDK v1 run unchanged and report to the hdrive run that started them. Like the
namespace it stands for, this package gives way to other installed distributions for the
sub-packages that it does not have itself.
"""
import os
import sys

from azureml import _supported

# What pkgutil.extend_path does for ordinary folders; loading pkgutil costs more than all the rest.
for _folder in sys.path:
    _portion = os.path.join(_folder, "azureml") if isinstance(_folder, str) else ""
    if _portion and _portion not in __path__ and os.path.isdir(_portion):
        __path__.append(_portion)

_supported.install()
