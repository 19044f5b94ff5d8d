"""OAuth's server: one answer, a code, and three grants. The page of consent is ours, and it always asks.

oauthlib's own server has every flow that it knows: passwords of residents, devices, tokens in URLs, introspection.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import QueryDict
from django.utils.http import urlencode
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import (
    ConsentRequired,
    CustomOAuth2Error,
    FatalClientError,
    InvalidRequestError,
    LoginRequired,
    OAuth2Error,
)
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant as OpenIDCodeGrant
from oauthlib.openid.connect.core.grant_types import RefreshTokenGrant
from oauthlib.openid.connect.core.grant_types.dispatchers import (
    AuthorizationCodeGrantDispatcher,
    AuthorizationTokenGrantDispatcher,
)

from accounts.models import User
from certification.access import details, issuers
from certification.access.actions import pseudonyms
from certification.access.enums import Environment
from certification.access.fapi import jose
from certification.access.issuers import LIVE, Issuer
from certification.access.models import Client
from certification.access.validator import S256, SIGNED_IN, Validator

SALT = "certification.access.consent"
#: How long the page of consent may stay open: then its values may have changed.
FORM_LASTS = 15 * 60
#: Of a checked request, what the second check needs to make a code.
KEPT = ("client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method", "nonce")


#: A SHA-256 as requests write it: of a verifier (RFC 7636), or of a key (RFC 7638).
SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")
#: Ways to send a request that the portal does not take (OpenID Connect Core, 6): its own handles are RFC 9126's.
BY_REFERENCE = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
#: The prompts of OpenID Connect that the page takes; beside them, `none` has its own refusals.
PROMPTS = {"login", "consent"}
SECONDS = re.compile(r"[0-9]{1,9}")
PUSH = "Push this request first (RFC 9126), to pushed_authorization_request_endpoint."

CODE, REFRESH, CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """The only flows: a code after the page of consent, its refresh tokens, and programs that send lots."""

    def __init__(self) -> None:
        validator = Validator()
        code, with_openid = AuthorizationCodeGrant(validator), OpenIDCodeGrant(validator)
        bearer = BearerToken(validator, expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            default_token_type=bearer,
            response_types={"code": AuthorizationCodeGrantDispatcher(code, with_openid)},
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type=CODE,
            default_token_type=bearer,
            grant_types={
                CODE: AuthorizationTokenGrantDispatcher(validator, code, with_openid),
                REFRESH: RefreshTokenGrant(validator),
                CREDENTIALS: ClientCredentialsGrant(validator),
            },
        )
        RevocationEndpoint.__init__(self, validator)


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
    """A checked request of authorization: the client, what it asks, and where the answer goes.

    `handle` names a request that the client pushed (`fapi.par`). It is empty if the browser brought the parameters.
    """

    client: Client
    query: QueryDict
    scopes: tuple[str, ...]
    credentials: dict[str, Any]
    handle: str = ""

    @property
    def prompts(self) -> set[str]:
        return set(self.query.get("prompt", "").split())

    @property
    def max_age(self) -> int | None:
        """Return how many seconds ago the person may have signed in at most."""
        given = self.query.get("max_age")
        return None if given is None else int(given)

    @property
    def own_query(self) -> str:
        """Return the query of the address that shows the page again."""
        if not self.handle:
            return str(self.query.urlencode())
        return urlencode({"client_id": str(self.client.client_id), "request_uri": self.handle})


def checked(query: QueryDict, *, signed_in: bool, issuer: Issuer = LIVE, handle: str = "") -> Request:
    """Check a request of authorization at one of the two servers.

    Raises:
        NoWayBack
        Sent
    """
    try:
        scopes, credentials = _validated(query, signed_in, issuer, pushed=bool(handle))
    except FatalClientError as error:
        raise NoWayBack(error.description) from error
    except ValueError as error:
        raise NoWayBack("not a query") from error
    except OAuth2Error as error:
        raise _sent(error, issuer) from error
    client: Client = credentials["request"].client
    kept = {name: credentials[name] for name in KEPT if credentials.get(name)}
    return Request(client, query, tuple(scopes), kept, handle)


def check_pushed(query: QueryDict, issuer: Issuer) -> None:
    """Check a request that a client pushes, as `checked` will when the browser comes.

    Raises:
        OAuth2Error: with the error and its description, for the client.
    """
    if not query.get("redirect_uri"):
        raise InvalidRequestError(description="Give the redirect_uri.")
    try:
        _validated(query, True, issuer, pushed=True)
        details.read({name: query.get(name, "") for name in ("authorization_details", "purpose")})
    except details.Malformed as error:
        raise CustomOAuth2Error("invalid_authorization_details", description=str(error)) from error
    except ValueError as error:
        raise InvalidRequestError(description="The body is no form.") from error


def _validated(query: QueryDict, signed_in: bool, issuer: Issuer, *, pushed: bool) -> tuple[list[str], dict[str, Any]]:
    """Return the scopes and credentials of a request of authorization.

    Raises:
        OAuth2Error, ValueError
    """
    headers = {SIGNED_IN: "1"} if signed_in else {}
    address = f"{issuer.route('authorize')}?{query.urlencode()}"
    scopes, credentials = core().server.validate_authorization_request(address, "GET", None, headers)
    asked = credentials["request"]
    for name, error in BY_REFERENCE.items():
        if name in query:
            raise CustomOAuth2Error(error, description="Push the request instead (RFC 9126).", request=asked)
    if credentials.get("code_challenge_method") != S256 or not SHA256.fullmatch(
        credentials.get("code_challenge") or ""
    ):
        raise InvalidRequestError(description="Use PKCE with S256.", request=asked)
    if query.get("response_mode", "query") != "query":
        raise InvalidRequestError(description="The response_mode is query.", request=asked)
    if repeated := next((name for name, values in query.lists() if len(values) > 1), None):
        raise InvalidRequestError(description=f"Give {repeated} once.", request=asked)
    if not SECONDS.fullmatch(query.get("max_age", "0")):
        raise InvalidRequestError(description="max_age is a number of seconds.", request=asked)
    _check_prompts(query.get("prompt", "").split(), asked, signed_in=signed_in)
    if "id_token_hint" in query and not _read_hint(query):
        raise InvalidRequestError(description="id_token_hint is an id_token.", request=asked)
    if "dpop_jkt" in query and not SHA256.fullmatch(str(query["dpop_jkt"])):
        raise InvalidRequestError(description="dpop_jkt is a SHA-256 thumbprint (RFC 7638).", request=asked)
    if not pushed and asked.client.require_pushed_authorization_requests:
        raise InvalidRequestError(description=PUSH, request=asked)
    return scopes, credentials


def _check_prompts(prompts: list[str], asked: Any, *, signed_in: bool) -> None:  # noqa: ANN401 - oauthlib's request
    """Check what the page does before it asks (OpenID Connect, 3.1.2.1), with `openid` or without it.

    Nobody agrees without a page, and a browser has one account.

    Raises:
        OAuth2Error
    """
    if prompts == ["none"]:
        raise (ConsentRequired if signed_in else LoginRequired)(request=asked)
    if prompts == ["select_account"]:
        raise CustomOAuth2Error("account_selection_required", description="A browser has one account.", request=asked)
    if not PROMPTS.issuperset(prompts):
        raise InvalidRequestError(description="prompt is login, consent, both, or none alone.", request=asked)


def check_person(asked: Request, person: User) -> None:
    """Refuse to ask a person when `id_token_hint` names another one (OpenID Connect, 3.1.2.1).

    A hint can only refuse, so its signature is not verified: the key of an old id_token may be gone.

    Raises:
        Sent
    """
    hinted = _read_hint(asked.query)
    if hinted and pseudonyms.person_of(asked.client.service_id, hinted) != person.pk:
        raise refused(asked, LoginRequired.error, "Who is signed in is not whom id_token_hint names.")


def _read_hint(query: QueryDict) -> str:
    """Return the `sub` of the hint, empty if there is none."""
    try:
        return jose.text(jose.unverified(query.get("id_token_hint", ""))[1], "sub")
    except jose.Malformed:
        return ""


def code_for(asked: Request, person: User, grant_id: UUID, signed_in_at: datetime) -> str:
    """Make a code for a person under a grant and return the address by which their browser takes it to the service.

    Args:
        signed_in_at: when whoever is at the browser last showed who they are, as the id_token says it.
    """
    issuer = _issuer(asked.client)
    jkt = asked.query.get("dpop_jkt", "")
    credentials = {
        **asked.credentials,
        "grant_id": grant_id,
        "user": person,
        "jkt": jkt,
        "auth_time": signed_in_at,
    }
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
    return signing.dumps([str(reader.pk), asked.query.urlencode(), persona, asked.handle], salt=SALT, compress=True)


def reopened(state: str, reader: User) -> tuple[QueryDict, str, str]:
    """Return what was asked on the page that this person sends, the handle if it was pushed, and the persona whom they
    play, if any.

    Raises:
        FormOver
    """
    try:
        owner, query, persona, handle = signing.loads(state, salt=SALT, max_age=FORM_LASTS)
    except (signing.BadSignature, ValueError) as error:
        raise FormOver from error
    if owner != str(reader.pk):
        raise FormOver
    return QueryDict(query), str(handle), str(persona)


@cache
def core() -> OAuthLibCore:
    return OAuthLibCore(Server())


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
