from certification.access.models.client import CallCount, Client
from certification.access.models.keys import ServerKeys
from certification.access.models.people import Pseudonym, RefusedCalls
from certification.access.models.tokens import AccessToken, AuthorizationCode, IDToken, PushedRequest, RefreshToken

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "CallCount",
    "Client",
    "IDToken",
    "Pseudonym",
    "PushedRequest",
    "RefreshToken",
    "RefusedCalls",
    "ServerKeys",
]
