"""Detached signatures of lots: JWS (RFC 7515) over the body as it is (RFC 7797), checked while the body streams by."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from jwcrypto.jwk import JWK

HALF = 32
LONGEST = 2_000


class Malformed(ValueError):
    """The header is no detached ES256 signature of an unencoded body."""


class Signature:
    """A signature to check. Call `update` with each part of the body, then `holds`."""

    def __init__(self, key: ec.EllipticCurvePublicKey, protected: str, signature: bytes) -> None:
        self._key, self._signature = key, signature
        self._hash = hashes.Hash(hashes.SHA256())
        self._hash.update(f"{protected}.".encode())

    @classmethod
    def read(cls, header: str, public_key: Mapping[str, Any]) -> Self:
        """Read `<protected>..<signature>`, whose header says {"alg": "ES256", "b64": false, "crit": ["b64"]}.

        Raises:
            Malformed
        """
        protected, _dot, rest = header[:LONGEST].partition(".")
        empty, _dot, encoded = rest.partition(".")
        try:
            said, signature = json.loads(_decoded(protected)), _decoded(encoded)
        except (ValueError, RecursionError) as error:
            raise Malformed from error
        if empty or not isinstance(said, dict) or len(signature) != 2 * HALF or not public_key:
            raise Malformed
        if said.get("alg") != "ES256" or said.get("b64") is not False or said.get("crit") != ["b64"]:
            raise Malformed
        key: ec.EllipticCurvePublicKey = JWK(**public_key).get_op_key("verify")
        return cls(key, protected, signature)

    def update(self, part: bytes) -> None:
        self._hash.update(part)

    def holds(self) -> bool:
        """Return whether the holder signed what went by."""
        first, second = (int.from_bytes(one) for one in (self._signature[:HALF], self._signature[HALF:]))
        try:
            digest = Prehashed(hashes.SHA256())
            self._key.verify(encode_dss_signature(first, second), self._hash.finalize(), ec.ECDSA(digest))
        except InvalidSignature:
            return False
        return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except binascii.Error as error:
        raise ValueError from error
