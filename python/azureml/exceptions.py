"""Exceptions that training scripts catch."""


class AzureMLException(Exception):
    """Root of the SDK's exceptions. `message` is the text."""

    def __init__(self, exception_message="", **kwargs):
        super(AzureMLException, self).__init__(exception_message)
        self.message = exception_message


class UserErrorException(AzureMLException, TypeError, ValueError):
    """A call was given something it cannot use."""


class RunEnvironmentException(AzureMLException):
    """A run was asked for where there is none."""
