"""Programs that prove who they are by a JWT of their own key: private_key_jwt (RFC 7523; OpenID Connect Core, 9).

The publisher registers the public keys. The database never has what would let somebody act as the program.
"""

import json
from collections.abc import Sequence
from typing import Any

from certification.access.enums import Environment
from certification.access.fapi import jose
from certification.access.fapi.jose import Key, Malformed
from certification.access.issuers import OF
from certification.access.models import Client
from core import once

METHOD = "private_key_jwt"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Seconds that an assertion may still last: its number is remembered for longer (`core.once`).
LASTS = 3600
MOST_KEYS = 5
#: Of a key, what is kept beside the key itself.
NAMING = ("kid", "use", "alg")


def client_of(assertion: str, environment: Environment) -> Client | None:
    """Return the client of this environment that signed an assertion for its server, or None. It is good once."""
    try:
        header, claims = jose.unverified(assertion)
        client = _named(jose.text(claims, "sub"), environment)
        if client is None:
            return None
        checked = jose.verified(assertion, _keys_for(client, header))
        _check(checked, client)
        jti = jose.text(checked, "jti")
    except Malformed:
        return None
    return client if once.use("client_assertion", str(client.client_id), jti) else None


def read_keys(text: str) -> str:
    """Return a set of public keys as the client's row keeps it: of the keys, what verifies and names them.

    Args:
        text: a JWK set, or one JWK; nothing for no keys.

    Raises:
        Malformed
    """
    if not text.strip():
        return ""
    if len(text) > MOST_KEYS * jose.LONGEST:
        raise Malformed("too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    listed = found.get("keys", [found]) if isinstance(found, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_KEYS:
        raise Malformed("one to five keys are expected")
    kept = [_kept(one) for one in listed]
    kids = [one["kid"] for one in kept if "kid" in one]
    if len(kids) != len({*kids}) or len(kept) > 1 and len(kids) < len(kept):
        raise Malformed("of several keys, each has a kid of its own")
    return json.dumps({"keys": kept}, separators=(",", ":"))


def _kept(jwk: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    key = jose.public_key(jwk)
    named = {name: jwk[name] for name in NAMING if jwk.get(name) is not None}
    if not all(isinstance(value, str) and 0 < len(value) <= 200 and "\0" not in value for value in named.values()):
        raise Malformed("kid, use and alg are short texts")
    if named.get("use", "sig") != "sig" or named.get("alg", "") not in {"", *jose.algorithms(key)}:
        raise Malformed("the key signs by PS256, ES256 or EdDSA")
    return {name: jwk[name] for name in ("kty", *jose.PUBLIC[jwk["kty"]])} | named


def _named(client_id: str, environment: Environment) -> Client | None:
    if "\0" in client_id:
        return None
    found = Client.objects.select_related("service").filter(client_id=client_id, environment=environment)
    return found.first()


def _keys_for(client: Client, header: dict[str, Any]) -> Sequence[Key]:
    """Return the client's keys that an assertion's header may mean: that of its `kid`, or all."""
    kid = header.get("kid")
    keys = client.public_keys
    return [jose.public_key(one) for one in keys if kid is None or one.get("kid", kid) == kid]


def _check(claims: dict[str, Any], client: Client) -> None:
    """Check who speaks, to whom, and when. The audience is the issuer alone, as a text (FAPI 2.0, 5.3.2.1-8).

    Raises:
        Malformed
    """
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise Malformed("iss and sub are the client's id")
    if claims.get("aud") != OF[Environment(client.environment)].url:
        raise Malformed("aud is the issuer")
    if not 0 < -jose.seconds_since(claims, "exp") <= LASTS:
        raise Malformed("over, or too long")
    if any(name in claims and jose.seconds_since(claims, name) < -jose.AHEAD for name in ("iat", "nbf")):
        raise Malformed("to come")
