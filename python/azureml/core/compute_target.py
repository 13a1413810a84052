"""Where early releases of the SDK had the compute targets."""
from azureml.core.compute import AmlCompute, ComputeTarget, RemoteCompute
from azureml.exceptions import ComputeTargetException

__all__ = ["AmlCompute", "ComputeTarget", "ComputeTargetException", "RemoteCompute"]
