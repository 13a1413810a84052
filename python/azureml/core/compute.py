"""Compute targets, by name."""
import os

from azureml import _project
from azureml._supported import not_provided
from azureml.exceptions import ComputeTargetException

_INSTEAD = "Compute targets are attached with the hdrive program: hdrive computetarget attach"


class ComputeTarget(object):
    """`local`, or a target attached with the hdrive program. An unknown name raises
    ComputeTargetException, which scripts catch."""

    type = "local"
    location = "local"
    provisioning_state = "Succeeded"
    provisioning_errors = None

    def __init__(self, workspace, name):
        if name not in _names():
            raise ComputeTargetException(
                "ComputeTargetNotFound: there is no compute target %r, only %s. %s" % (name, ", ".join(_names()), _INSTEAD)
            )
        self.workspace = workspace
        self.name = name
        self.tags = {}

    def __repr__(self):
        return "ComputeTarget(name=%r)" % self.name

    @staticmethod
    def list(workspace):
        return [ComputeTarget(workspace, name) for name in _names()]

    @classmethod
    def create(cls, workspace, name, provisioning_configuration):
        raise not_provided("ComputeTarget.create", _INSTEAD)

    @classmethod
    def attach(cls, workspace, name, attach_configuration):
        raise not_provided("ComputeTarget.attach", _INSTEAD)

    @classmethod
    def provisioning_configuration(cls, *args, **kwargs):
        raise not_provided(cls.__name__ + ".provisioning_configuration", _INSTEAD)

    @classmethod
    def attach_configuration(cls, *args, **kwargs):
        raise not_provided(cls.__name__ + ".attach_configuration", _INSTEAD)

    def wait_for_completion(self, show_output=False, **kwargs):
        """Targets are there or not; there is nothing to wait for."""

    def get_status(self):
        return "Succeeded"

    def serialize(self):
        return {"name": self.name, "type": self.type, "provisioningState": self.provisioning_state}

    def delete(self):
        raise not_provided("ComputeTarget.delete", "hdrive computetarget delete removes a target")

    detach = delete


class AmlCompute(ComputeTarget):
    """A cluster of Azure; here another name of ComputeTarget."""


class ComputeInstance(ComputeTarget):
    """A machine of Azure; here another name of ComputeTarget."""


class RemoteCompute(ComputeTarget):
    """A machine reached by ssh."""


class HDInsightCompute(ComputeTarget):
    """See ComputeTarget."""


class BatchCompute(ComputeTarget):
    """See ComputeTarget."""


class AksCompute(ComputeTarget):
    """See ComputeTarget."""


class DatabricksCompute(ComputeTarget):
    """See ComputeTarget."""


class DataFactoryCompute(ComputeTarget):
    """See ComputeTarget."""


class AdlaCompute(ComputeTarget):
    """See ComputeTarget."""


class DsvmCompute(ComputeTarget):
    """See ComputeTarget."""


class KubernetesCompute(ComputeTarget):
    """See ComputeTarget."""


def _names():
    try:
        files = sorted(os.listdir(_project.state("computetargets")))
    except OSError:
        files = []
    return ["local"] + [name[: -len(".yml")] for name in files if name.endswith(".yml")]
