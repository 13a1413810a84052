"""Errors of datasets."""
from azureml.exceptions import DatasetExecutionError, DatasetValidationError

__all__ = ["DatasetExecutionError", "DatasetValidationError"]
