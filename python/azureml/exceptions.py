"""Exceptions that scripts catch."""


class AzureMLException(Exception):
    """Root of the SDK's exceptions. `message` is the text."""

    def __init__(self, exception_message="", **kwargs):
        super(AzureMLException, self).__init__(exception_message)
        self.message = exception_message


class UserErrorException(AzureMLException, TypeError, ValueError):
    """A call was given something it cannot use."""


class RunEnvironmentException(AzureMLException):
    """A run was asked for where there is none."""


class ComputeTargetException(AzureMLException):
    """There is no such compute target."""


class WebserviceException(AzureMLException):
    """Of web services, and root of what goes wrong with models."""


class ModelNotFoundException(WebserviceException):
    """There is no such registered model."""


class ModelPathNotFoundException(WebserviceException):
    """What is to be registered does not exist."""


class WorkspaceException(AzureMLException):
    """Of workspaces."""


class ProjectSystemException(WorkspaceException):
    """Of the project's files."""


class ExperimentExecutionException(AzureMLException):
    """A run could not be started."""


class TrainingException(AzureMLException):
    """Of estimators."""


class ActivityFailedException(AzureMLException):
    """A run that was waited for failed."""


class AuthenticationException(AzureMLException):
    """Of logins."""


class SnapshotException(AzureMLException):
    """Of snapshots."""


class ServiceException(AzureMLException):
    """Of the Azure service, which hdrive does not call."""


class DatasetValidationError(UserErrorException):
    """Data that was named cannot be found or read."""


class DatasetExecutionError(UserErrorException):
    """Data could not be read."""
