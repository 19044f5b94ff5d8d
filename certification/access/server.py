"""Requests of authorization, as the toolkit checks them. The page of consent is ours, and it always asks."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import QueryDict
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, FatalClientError, InvalidRequestError, OAuth2Error

from accounts.models import User
from certification.access import issuers
from certification.access.enums import Environment
from certification.access.issuers import LIVE, Issuer
from certification.access.models import Client
from certification.access.validator import S256, SIGNED_IN

SALT = "certification.access.consent"
#: How long the page of consent may stay open: then its values may have changed.
FORM_LASTS = 15 * 60
#: Of a checked request, what the second check needs to make a code.
KEPT = ("client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method", "nonce")


class NoWayBack(Exception):
    """The client or its address is unknown: the resident is sent nowhere."""


class Sent(Exception):
    """The request is refused, and its client is told at `address`."""

    def __init__(self, client: Client, address: str) -> None:
        super().__init__(address)
        self.client, self.address = client, address


class FormOver(Exception):
    """The page of consent was open for too long, was another person's, or was changed."""


@dataclass(frozen=True)
class Request:
    """A checked request of authorization: the client, what it asks, and where the answer goes."""

    client: Client
    query: QueryDict
    scopes: tuple[str, ...]
    credentials: dict[str, Any]

    @property
    def prompts(self) -> set[str]:
        return set(self.query.get("prompt", "").split())


def checked(query: QueryDict, *, signed_in: bool, issuer: Issuer = LIVE) -> Request:
    """Check a request of authorization at one of the two servers.

    Raises:
        NoWayBack
        Sent
    """
    headers = {SIGNED_IN: "1"} if signed_in else {}
    address = f"{issuer.route('authorize')}?{query.urlencode()}"
    try:
        scopes, credentials = core().server.validate_authorization_request(address, "GET", None, headers)
        if credentials.get("code_challenge_method") != S256:
            raise InvalidRequestError(description="Use PKCE with S256.", request=credentials["request"])
    except FatalClientError as error:
        raise NoWayBack(error.description) from error
    except ValueError as error:
        raise NoWayBack("not a query") from error
    except OAuth2Error as error:
        raise _sent(error, issuer) from error
    client: Client = credentials["request"].client
    kept = {name: credentials[name] for name in KEPT if credentials.get(name)}
    return Request(client, query, tuple(scopes), kept)


def code_for(asked: Request, person: User, grant_id: UUID) -> str:
    """Make a code for a person under a grant and return the address by which their browser takes it to the service."""
    issuer = _issuer(asked.client)
    credentials = {**asked.credentials, "grant_id": grant_id, "user": person}
    try:
        headers, _body, _status = core().server.create_authorization_response(
            issuer.route("authorize"), "POST", None, {}, list(asked.scopes), credentials
        )
    except OAuth2Error as error:
        raise _sent(error, issuer) from error
    return str(add_params_to_uri(headers["Location"], [("iss", issuer.url)]))


def refused(asked: Request, error: str, description: str) -> Sent:
    """Return a refusal that the client is told."""
    found = CustomOAuth2Error(error, description=description, state=asked.credentials.get("state"))
    found.redirect_uri = asked.credentials["redirect_uri"]
    return Sent(asked.client, _back(found, _issuer(asked.client)))


def signed(asked: Request, reader: User, persona: str = "") -> str:
    """Return the state of the page of consent: who reads it, what was asked. The POST goes by it alone.

    In the sandbox, the reader is the developer, and `persona` whom they play.
    """
    return signing.dumps([str(reader.pk), asked.query.urlencode(), persona], salt=SALT, compress=True)


def reopened(state: str, reader: User) -> tuple[QueryDict, str]:
    """Return what was asked on the page that this person sends, and the persona whom they play, if any.

    Raises:
        FormOver
    """
    try:
        owner, query, persona = signing.loads(state, salt=SALT, max_age=FORM_LASTS)
    except (signing.BadSignature, ValueError) as error:
        raise FormOver from error
    if owner != str(reader.pk):
        raise FormOver
    return QueryDict(query), str(persona)


@cache
def core() -> OAuthLibCore:
    return OAuthLibCore()


def _issuer(client: Client) -> Issuer:
    return issuers.OF[Environment(client.environment)]


def _sent(error: OAuth2Error, issuer: Issuer) -> Exception:
    """Return a refusal that the client is told, at the address that the toolkit checked; without one, at none."""
    if not (error.redirect_uri and error.client_id):
        return NoWayBack(error.description)
    return Sent(Client.objects.get(client_id=error.client_id), _back(error, issuer))


def _back(error: OAuth2Error, issuer: Issuer) -> str:
    """Return the address that tells a client of an error, with the issuer (RFC 9207)."""
    parameters: list[tuple[str, str]] = [*error.twotuples, ("iss", issuer.url)]
    return str(add_params_to_uri(error.redirect_uri, parameters))
