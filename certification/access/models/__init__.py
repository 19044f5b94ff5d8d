from certification.access.models.client import CallCount, Client
from certification.access.models.keys import ServerKeys
from certification.access.models.people import Pseudonym, RefusedCalls
from certification.access.models.tokens import AccessToken, AuthorizationCode, IDToken, RefreshToken

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "CallCount",
    "Client",
    "IDToken",
    "Pseudonym",
    "RefreshToken",
    "RefusedCalls",
    "ServerKeys",
]
