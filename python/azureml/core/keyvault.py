"""Secrets, from the environment."""
import os

from azureml._supported import not_provided

PREFIX = "SECRET_"


class Keyvault(object):
    """The secret `my-key` is the environment variable SECRET_MY_KEY."""

    def __init__(self, workspace=None):
        self.workspace = workspace

    def get_secret(self, name):
        """The secret, or None when its variable is not set."""
        return os.environ.get(PREFIX + str(name).upper().replace("-", "_"))

    def get_secrets(self, secrets):
        return {name: self.get_secret(name) for name in secrets}

    def list_secrets(self):
        found = sorted(name for name in os.environ if name.startswith(PREFIX))
        return [{"name": name[len(PREFIX) :].lower().replace("_", "-")} for name in found]

    def set_secret(self, name, value):
        raise not_provided("Keyvault.set_secret", "Set SECRET_<NAME> where the run is submitted")

    def set_secrets(self, secrets_batch):
        raise not_provided("Keyvault.set_secrets", "Set SECRET_<NAME> where the run is submitted")

    def delete_secret(self, name):
        raise not_provided("Keyvault.delete_secret", "Unset SECRET_<NAME> where the run is submitted")
