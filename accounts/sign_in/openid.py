"""What an OpenID provider says of a person, believed only after every check: signature, issuer, audience, time, nonce, level.

Answers come by the back channel, and are checked all the same: FranceConnect asks for it, and a proxy of the city's may stand between.
Nothing of what fails is kept or logged but its name.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.adapter import get_adapter
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

# HS256 would be signed with the client's secret: it is refused, so that no public key can ever serve as one.
ALGORITHMS = ("ES256", "RS256")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
KEPT = 3600
# Two clocks of two administrations.
LEEWAY = 30
# An id_token lives 60 seconds at FranceConnect and ProConnect; one that was issued long ago is a replay, whatever it says.
OLDEST = 600
LONGEST_SUB = 191


class Untrusted(Exception):
    """`code` names the check that failed, never what was received."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Client:
    """Us, as one provider knows us."""

    issuer: str
    client_id: str
    secret: str


@dataclass(frozen=True)
class Identity:
    """A person, as a provider proved them to us. `claims` is what the person may choose to keep; `sub` is how they are found again."""

    provider: str
    sub: str
    acr: str = ""
    amr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    id_token: str = ""


def endpoint(client: Client, name: str) -> str:
    """
    Raises:
        Untrusted: the provider does not describe itself as it was declared to us.
        requests.RequestException: it does not answer.
    """
    return str(_configuration(client)[name])


def identify(client: Client, provider: str, code: str, *, back: str, nonce: str, levels: frozenset[str]) -> Identity:
    """Whom `code` stands for; it was sent back to `back`. `levels` are the levels of assurance (acr) that are enough; none: it gives none.

    Raises:
        Untrusted: whatever does not hold.
        requests.RequestException: the provider does not answer.
    """
    answer = _exchanged(client, code, back)
    token, access = answer.get("id_token"), answer.get("access_token")
    if not isinstance(token, str) or not isinstance(access, str):
        raise Untrusted("no id_token")
    told = _verified(client, token)
    _require_ours(client, told, "id_token")
    _require_fresh(told)
    if not hmac.compare_digest(str(told.get("nonce", "")).encode(), nonce.encode()):
        raise Untrusted("nonce")
    level = str(told.get("acr", ""))
    if levels and level not in levels:
        raise Untrusted("acr")
    sub = told.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= LONGEST_SUB:
        raise Untrusted("sub")
    return Identity(provider, sub, level, _words(told.get("amr")), _userinfo(client, access, sub), token)


def _exchanged(client: Client, code: str, back: str) -> Mapping[str, Any]:
    """The secret goes in the form: FranceConnect takes no other way. A code serves once, for 30 seconds."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    form |= {"client_id": client.client_id, "client_secret": client.secret}
    with get_adapter().get_requests_session() as session:
        response: requests.Response = session.post(endpoint(client, "token_endpoint"), data=form)
    if response.status_code == HTTPStatus.BAD_REQUEST:
        raise Untrusted("code")
    response.raise_for_status()
    return _object(response)


def _userinfo(client: Client, access: str, sub: str) -> Mapping[str, Any]:
    """A signed JWT: an unsigned answer is no answer."""
    response = _get(endpoint(client, "userinfo_endpoint"), Authorization=f"Bearer {access}")
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/jwt":
        raise Untrusted("userinfo not signed")
    told = _verified(client, response.text.strip())
    _require_ours(client, told, "userinfo")
    if "exp" in told and not _number(told["exp"]) > time.time() - LEEWAY:
        raise Untrusted("userinfo expired")
    if told.get("sub") != sub:
        raise Untrusted("userinfo sub")
    return told


def _verified(client: Client, token: str) -> Mapping[str, Any]:
    """An unknown key is looked for again, once: providers change theirs."""
    try:
        try:
            return jwt.decode(token, _keys(client), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            return jwt.decode(token, _keys(client, again=True), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Untrusted("signature") from error


def _require_ours(client: Client, told: Mapping[str, Any], what: str) -> None:
    if told.get("iss") != client.issuer:
        raise Untrusted(f"{what} iss")
    audience = told.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client.client_id not in audiences:
        raise Untrusted(f"{what} aud")
    if told.get("azp", client.client_id) != client.client_id or (len(audiences) > 1 and "azp" not in told):
        raise Untrusted(f"{what} azp")


def _require_fresh(told: Mapping[str, Any]) -> None:
    now = time.time()
    if not _number(told.get("exp")) > now - LEEWAY:
        raise Untrusted("expired")
    if not now - OLDEST < _number(told.get("iat")) <= now + LEEWAY:
        raise Untrusted("iat")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _configuration(client: Client) -> Mapping[str, str]:
    place = f"openid:{client.issuer}"
    found: dict[str, str] | None = cache.get(place)
    if found is None:
        found = _described(client)
        cache.set(place, found, KEPT)
    return found


def _described(client: Client) -> dict[str, str]:
    told = _object(_get(f"{client.issuer.rstrip('/')}/.well-known/openid-configuration"))
    if told.get("issuer") != client.issuer:
        raise Untrusted("issuer")
    described = {name: str(told.get(name, "")) for name in ENDPOINTS}
    if any(urlsplit(address).scheme != urlsplit(client.issuer).scheme for address in described.values()):
        raise Untrusted("endpoints")
    return described


def _keys(client: Client, *, again: bool = False) -> KeySet:
    """Only keys that sign and that are public: a secret one among them would open the way to HS256."""
    place = f"openid-keys:{client.issuer}"
    kept: list[dict[str, Any]] | None = None if again else cache.get(place)
    if kept is None:
        told = _object(_get(endpoint(client, "jwks_uri"))).get("keys")
        keys = told if isinstance(told, list) else []
        kept = [
            key
            for key in keys
            if isinstance(key, dict) and key.get("kty") in {"EC", "RSA"} and key.get("use", "sig") == "sig"
        ]
        cache.set(place, kept, KEPT)
    return KeySet.import_key_set({"keys": kept})


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        told = response.json()
    except ValueError as error:
        raise Untrusted("not JSON") from error
    if not isinstance(told, dict):
        raise Untrusted("not JSON")
    return told


def _get(url: str, **headers: str) -> requests.Response:
    """With the adapter's session: it has a time-out, and follows no redirection, which could lead anywhere with the token."""
    with get_adapter().get_requests_session() as session:
        response: requests.Response = session.get(url, headers=headers)
        response.raise_for_status()
    return response
