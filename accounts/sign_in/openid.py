"""Verification of what an OpenID provider states: signature, issuer, audience, time, nonce and level.

Answers come by the back channel and are verified nevertheless: FranceConnect requires it, and a city's proxy may stand
between. Of a failed answer, only the name of the check is kept or logged.

What a provider publishes, its addresses and its keys, decides who signs in. It is fetched from the configured issuer
and kept in the memory of this process for an hour: nobody else writes there.
"""

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.adapter import get_adapter
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

# HS256 is refused, so that no public key can ever serve as its secret.
ALGORITHMS = ("ES256", "RS256")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
#: Seconds that what a provider publishes is kept. A key that it withdrew is believed that long.
KEPT = 3600
#: Seconds between two fetches of the keys for tokens signed by a key that was not among them.
AGAIN = 60
PORTS = {"https": 443, "http": 80}
# Tolerance between the clocks of two administrations.
LEEWAY = 30
# An id_token is valid for 60 seconds at FranceConnect and ProConnect. One issued long ago is a replay.
OLDEST = 600
LONGEST_SUB = 191


class Untrusted(Exception):
    """A check failed; `code` is its name. Holds none of the received data."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Client:
    """The portal's registration at one provider."""

    issuer: str
    client_id: str
    secret: str


@dataclass(frozen=True)
class Identity:
    """A user's verified identity. `sub` finds it again; `claims` are what the user may choose to keep."""

    provider: str
    sub: str
    acr: str = ""
    amr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    id_token: str = ""


def endpoint(client: Client, name: str) -> str:
    """Return a URL of the provider.

    Raises:
        Untrusted: the provider's configuration differs from our settings.
        requests.RequestException: it does not answer.
    """
    return str(_configuration(client)[name])


def identify(client: Client, provider: str, code: str, *, back: str, nonce: str, levels: frozenset[str]) -> Identity:
    """Return the identity behind `code`, which the provider sent to `back`.

    Args:
        levels: accepted levels of assurance (acr); empty if the provider gives none.

    Raises:
        Untrusted: a check failed.
        requests.RequestException: the provider does not answer.
    """
    answer = _exchange(client, code, back)
    token, access = answer.get("id_token"), answer.get("access_token")
    if not isinstance(token, str) or not isinstance(access, str):
        raise Untrusted("no id_token")
    claims = _verify(client, token)
    _require_ours(client, claims, "id_token")
    _require_fresh(claims)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise Untrusted("nonce")
    level = str(claims.get("acr", ""))
    if levels and level not in levels:
        raise Untrusted("acr")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= LONGEST_SUB:
        raise Untrusted("sub")
    return Identity(provider, sub, level, _words(claims.get("amr")), _userinfo(client, access, sub), token)


def _exchange(client: Client, code: str, back: str) -> Mapping[str, Any]:
    """Exchange the code, valid once within 30 seconds. The secret is in the form, the only way at FranceConnect."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    form |= {"client_id": client.client_id, "client_secret": client.secret}
    with get_adapter().get_requests_session() as session:
        response: requests.Response = session.post(endpoint(client, "token_endpoint"), data=form)
    if response.status_code == HTTPStatus.BAD_REQUEST:
        raise Untrusted("code")
    response.raise_for_status()
    return _object(response)


def _userinfo(client: Client, access: str, sub: str) -> Mapping[str, Any]:
    """Return the userinfo claims, which must be a signed JWT."""
    response = _get(endpoint(client, "userinfo_endpoint"), Authorization=f"Bearer {access}")
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/jwt":
        raise Untrusted("userinfo not signed")
    claims = _verify(client, response.text.strip())
    _require_ours(client, claims, "userinfo")
    if "exp" in claims and not _number(claims["exp"]) > time.time() - LEEWAY:
        raise Untrusted("userinfo expired")
    if claims.get("sub") != sub:
        raise Untrusted("userinfo sub")
    return claims


def _verify(client: Client, token: str) -> Mapping[str, Any]:
    """Verify a JWT. For an unknown key, fetch the keys again, since providers change theirs; once a minute at most."""
    try:
        keys = _keys(client)
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            return jwt.decode(token, _keys(client, other_than=keys), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Untrusted("signature") from error


def _require_ours(client: Client, claims: Mapping[str, Any], what: str) -> None:
    if claims.get("iss") != client.issuer:
        raise Untrusted(f"{what} iss")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client.client_id not in audiences:
        raise Untrusted(f"{what} aud")
    if claims.get("azp", client.client_id) != client.client_id or (len(audiences) > 1 and "azp" not in claims):
        raise Untrusted(f"{what} azp")


def _require_fresh(claims: Mapping[str, Any]) -> None:
    now = time.time()
    if not _number(claims.get("exp")) > now - LEEWAY:
        raise Untrusted("expired")
    if not now - OLDEST < _number(claims.get("iat")) <= now + LEEWAY:
        raise Untrusted("iat")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


class _Published:
    """One document that a provider publishes, kept in this process. One thread fetches it at a time.

    A thread that waited for a fetch that failed shares its failure: with a provider that hangs, each waits once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._document: Any = None
        self._fetched_at = self._again_at = float("-inf")
        self._fetches = 0
        self._failure: Exception | None = None

    def get(self, fetch: Callable[[], Any], *, other_than: object = None) -> Any:  # noqa: ANN401 - as published
        """Return the document, fetched within the last hour.

        Args:
            other_than: a document that was returned before and did not suffice. It is fetched again if nobody did
                since, and if this happened not within the last minute.
        """
        fetches = self._fetches
        if self._suffices(other_than):
            return self._document
        with self._lock:
            if self._fetches != fetches and self._failure is not None:
                raise self._failure
            if not self._suffices(other_than):
                self._fetch(fetch, again=other_than is not None)
            return self._document

    def _suffices(self, other_than: object) -> bool:
        now = time.monotonic()
        if now - self._fetched_at > KEPT:
            return False
        return self._document is not other_than or now - self._again_at < AGAIN

    def _fetch(self, fetch: Callable[[], Any], *, again: bool) -> None:
        if again:
            self._again_at = time.monotonic()
        self._failure = None
        try:
            self._document, self._fetched_at = fetch(), time.monotonic()
        except Exception as failure:
            self._failure = failure
            raise
        finally:
            self._fetches += 1


_documents: dict[tuple[str, str], _Published] = {}


def _published(client: Client, name: str) -> _Published:
    return _documents.setdefault((client.issuer, name), _Published())


def _configuration(client: Client) -> Mapping[str, str]:
    found: Mapping[str, str] = _published(client, "configuration").get(lambda: _fetch_configuration(client))
    return found


def _fetch_configuration(client: Client) -> Mapping[str, str]:
    configuration = _object(_get(f"{client.issuer.rstrip('/')}/.well-known/openid-configuration"))
    if configuration.get("issuer") != client.issuer:
        raise Untrusted("issuer")
    endpoints = {name: str(configuration.get(name, "")) for name in ENDPOINTS}
    if any(_origin(url) != _origin(client.issuer) for url in endpoints.values()):
        raise Untrusted("endpoints")
    return endpoints


def _origin(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL.

    Raises:
        Untrusted: it is no such URL, or it names a user, as `https://known.example@another.example/`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Untrusted("endpoints") from None
    if not parts.hostname or parts.username is not None:
        raise Untrusted("endpoints")
    return parts.scheme, parts.hostname, port


def _keys(client: Client, *, other_than: KeySet | None = None) -> KeySet:
    found: KeySet = _published(client, "keys").get(lambda: _fetch_keys(client), other_than=other_than)
    return found


def _fetch_keys(client: Client) -> KeySet:
    """Return the provider's public signing keys. A secret key among them would allow HS256."""
    received = _object(_get(endpoint(client, "jwks_uri"))).get("keys")
    keys = received if isinstance(received, list) else []
    public = [
        key
        for key in keys
        if isinstance(key, dict) and key.get("kty") in {"EC", "RSA"} and key.get("use", "sig") == "sig"
    ]
    return KeySet.import_key_set({"keys": public})


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        content = response.json()
    except ValueError as error:
        raise Untrusted("not JSON") from error
    if not isinstance(content, dict):
        raise Untrusted("not JSON")
    return content


def _get(url: str, **headers: str) -> requests.Response:
    """Fetch a URL with the adapter's session: with a time-out, and no redirection, which could leak the token."""
    with get_adapter().get_requests_session() as session:
        response: requests.Response = session.get(url, headers=headers)
        response.raise_for_status()
    return response
