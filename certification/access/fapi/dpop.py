"""Proofs that a program has a key (DPoP, RFC 9449): each is for one request, and a token bound to the key needs one.

A token's row names the key by its thumbprint (`jkt`). Tokens are opaque, so no `cnf` is written into one.
"""

import base64
import hashlib
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

from django.conf import settings

from certification.access.fapi import jose
from certification.access.fapi.jose import Malformed
from core import once

TYPE = "dpop+jwt"
SCHEME = "DPoP"
ERROR = "invalid_dpop_proof"
#: Seconds after which a proof is late.
LASTS = 60
CHALLENGE = f'{SCHEME} algs="{" ".join(jose.NAMES)}"'


class BadProof(Exception):
    """The proof is not for this request, is late or came before."""


@dataclass(frozen=True)
class Proof:
    """A proof for one request, which was not used yet. `jkt` is the SHA-256 thumbprint of its key (RFC 7638)."""

    jkt: str
    jti: str

    def use(self) -> None:
        """Use the proof, once it is known who sends it: anybody makes keys and proofs.

        Raises:
            BadProof: it came before.
        """
        if not once.use("dpop", self.jkt, self.jti):
            raise BadProof("The proof was used before.")


def read(header: str, *, method: str, path: str, token: str = "") -> Proof:
    """Check a proof for a request to a path of the portal.

    Args:
        token: the access token that the request presents, if any.

    Raises:
        BadProof
    """
    try:
        return _read(header, method, f"{settings.SITE_URL}{path}", token)
    except Malformed as error:
        raise BadProof(f"The proof is refused: {error}.") from error


def _read(proof: str, method: str, address: str, token: str) -> Proof:
    header, _claims = jose.unverified(proof)
    if header.get("typ") != TYPE:
        raise Malformed(f"typ is {TYPE}")
    key = jose.public_key(header.get("jwk"))
    claims = jose.verified(proof, [key])
    if claims.get("htm") != method:
        raise Malformed("htm is another method")
    if _normal(jose.text(claims, "htu")) != _normal(address):
        raise Malformed("htu is another address")
    if not -jose.AHEAD <= jose.seconds_since(claims, "iat") <= LASTS:
        raise Malformed("iat is too old or to come")
    if token and not compare_digest(jose.text(claims, "ath").encode(), _hash(token).encode()):
        raise Malformed("ath is of another token")
    return Proof(key.thumbprint(), jose.text(claims, "jti"))


def _hash(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _normal(address: str) -> tuple[str, str, int | None, str]:
    """Return what names an address: scheme, host, port and path. A query does not count (RFC 9449, 4.3)."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        return parts.scheme, parts.hostname or "", port, parts.path or "/"
    except ValueError as error:
        raise Malformed("htu is no address") from error
