"""A software passkey, which answers pages like a telephone, with the faults of a hostile one."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(written: str) -> bytes:
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


@dataclass
class SoftKey:
    origin: str = "http://localhost"
    rp: str = "localhost"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user: str = ""

    def create(self, options: dict[str, Any], *, verified: bool = True) -> str:
        asked = options["publicKey"]
        assert asked["authenticatorSelection"]["userVerification"] == "required"
        assert asked["authenticatorSelection"]["residentKey"] == "required"
        self.user = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = cbor.encode({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(16) + len(self.credential).to_bytes(2) + self.credential + public
        data = self._data(verified, extra=ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": text(self._client("webauthn.create", asked["challenge"])),
            "attestationObject": text(attestation),
        }
        return self._credential({**response, "transports": ["internal"]}, {"credProps": {"rk": True}})

    def get(self, options: dict[str, Any], *, verified: bool = True, user: str = "") -> str:
        asked = options["publicKey"]
        client = self._client("webauthn.get", asked["challenge"])
        data = self._data(verified)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        return self._credential({**response, "userHandle": user or self.user}, {})

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, verified: bool, *, extra: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if verified else 0) | extra
        return hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) + (0).to_bytes(4)

    def _credential(self, response: dict[str, Any], results: dict[str, Any]) -> str:
        identity = text(self.credential)
        credential = {
            "id": identity,
            "rawId": identity,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": results,
        }
        return json.dumps(credential)
