"""JWTs that programs sign, and their public keys: the algorithms of FAPI 2.0 (5.4). joserfc verifies."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from django.utils import timezone
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import base64_to_int

Key = RSAKey | ECKey | OKPKey
KINDS: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

#: By type of key, and curve. RFC 9864 names EdDSA by its curve; both names mean the same.
ALGORITHMS = {("RSA", ""): ("PS256",), ("EC", "P-256"): ("ES256",), ("OKP", "Ed25519"): ("EdDSA", "Ed25519")}
NAMES = [name for names in ALGORITHMS.values() for name in names]
#: Of a JWK, what makes the public key.
PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
RSA_BITS, MOST_RSA_BITS, RSA_EXPONENT = 2048, 4096, "AQAB"
#: Of a JWT, and of a set of keys.
LONGEST = 8_000
#: Seconds by which a program's clock may be ahead: FAPI 2.0 accepts 10 at least, and refuses 60.
AHEAD = 30
TEXT = re.compile(r"[A-Za-z0-9_-]+")


class Registry(jws.JWSRegistry):
    """What joserfc takes: these algorithms, by both names of EdDSA; and a header that holds a key of RSA."""

    max_header_length = 2_048

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - its model is not exported
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


class Malformed(ValueError):
    """It is no JWT or public key of these kinds, or its signature is wrong."""


class PrivateKey(Malformed):
    """Somebody gave a key that nobody else may have."""


def public_key(jwk: object) -> Key:
    """Return a public key.

    Raises:
        Malformed
    """
    if not isinstance(jwk, dict):
        raise Malformed("a JWK is expected")
    if PRIVATE & jwk.keys():
        raise PrivateKey("the key is private")
    kept = {name: str(jwk.get(name, "")) for name in ("kty", *PUBLIC.get(str(jwk.get("kty")), ()))}
    known = (kept["kty"], kept.get("crv", "")) in ALGORITHMS
    if not known or not all(TEXT.fullmatch(value) for value in kept.values()):
        raise Malformed("a key of RSA, P-256 or Ed25519 is expected")
    if kept["kty"] == "RSA" and kept["e"] != RSA_EXPONENT:
        raise Malformed("an RSA key has the exponent 65537")
    if kept["kty"] == "RSA" and not RSA_BITS <= _measure_rsa(kept["n"]) <= MOST_RSA_BITS:
        raise Malformed("an RSA key has 2048 to 4096 bits")
    try:
        key = KINDS[kept["kty"]].import_key({**kept})
        _ = key.public_key  # joserfc builds it here: until then any numbers pass
    except (JoseError, ValueError) as error:
        raise Malformed("no such key exists") from error
    return key


def _measure_rsa(modulus: str) -> int:
    """Return the length of an RSA key in bits, 0 if it isn't base64url.

    It is known before joserfc builds the key, because joserfc warns of a short one in the process's output.
    """
    try:
        return base64_to_int(modulus).bit_length()
    except ValueError:
        return 0


def algorithms(key: Key) -> Collection[str]:
    """Return the names of the one algorithm that a key verifies."""
    kept = key.as_dict(private=False)
    return ALGORITHMS[str(kept["kty"]), str(kept.get("crv", ""))]


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the claims of a JWT, of which nothing is known yet.

    Raises:
        Malformed
    """
    if len(token) > LONGEST:
        raise Malformed("too long")
    try:
        found = jws.extract_compact(token.encode(), registry=Registry(algorithms=NAMES))
        claims = json.loads(found.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise Malformed("no JWT") from error
    if not isinstance(claims, dict):
        raise Malformed("no JWT")
    return dict(found.headers()), claims


def verified(token: str, keys: Iterable[Key]) -> dict[str, Any]:
    """Return the claims of a JWT that one of the keys signed, by the key's own algorithm.

    Raises:
        Malformed
    """
    for key in keys:
        try:
            return dict(jwt.decode(token, key, registry=Registry(algorithms=algorithms(key))).claims)
        except (JoseError, ValueError, RecursionError):
            continue
    raise Malformed("no key verifies the signature")


def text(claims: dict[str, Any], name: str) -> str:
    """Return a claim that is a text, and not empty.

    Raises:
        Malformed
    """
    found = claims.get(name)
    if not isinstance(found, str) or not found:
        raise Malformed(f"{name} is missing")
    return found


def seconds_since(claims: dict[str, Any], name: str) -> float:
    """Return the seconds since the moment that a claim names: less than zero if it is to come.

    Raises:
        Malformed
    """
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 2**40:
        raise Malformed(f"{name} is missing")
    return timezone.now().timestamp() - found
