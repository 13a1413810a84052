"""Logins. hdrive needs none: each takes the SDK's arguments, keeps no secret and asks for nothing."""
from azureml._supported import not_provided


class AbstractAuthentication(object):
    """Base of the logins."""

    def __init__(self, *args, **kwargs):
        pass

    def get_authentication_header(self):
        raise not_provided(type(self).__name__ + ".get_authentication_header", "hdrive calls no service of Azure")

    def get_token(self, *args, **kwargs):
        raise not_provided(type(self).__name__ + ".get_token", "hdrive calls no service of Azure")


class InteractiveLoginAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""


class AzureCliAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""


class MsiAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""


class TokenAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""


class ArmTokenAuthentication(AbstractAuthentication):
    """See AbstractAuthentication."""
