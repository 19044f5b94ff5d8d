"""Encryption of records: an algorithm byte, then AES-256-GCM under the resident's key.

`place` (`table|row|version|field`) is authenticated with the value, so a value moved elsewhere cannot be decrypted.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import canonical
from core.keys import NONCE_BYTES, KeyRow, key_in, key_of, row_key

AES_256_GCM = b"\x01"
TAG_BYTES = 16


class Unreadable(Exception):
    """The sealed value was changed or moved, or belongs to another resident."""


@dataclass(frozen=True)
class Box:
    """A resident's key, for many values in one transaction. Trap: kept longer, it would survive an erasure."""

    cipher: AESGCM = field(repr=False)
    #: Makes and checks the MACs of the resident's rows.
    row_key: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> Self:
        return cls(AESGCM(key), row_key(key))

    def seal(self, value: bytes, *, place: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return AES_256_GCM + nonce + self.cipher.encrypt(nonce, value, place.encode())

    def unseal(self, value: bytes | memoryview, *, place: str) -> bytes:
        """Decrypt a value.

        Raises:
            Unreadable: changed, moved or another resident's.
        """
        sealed = bytes(value)
        if sealed[:1] != AES_256_GCM or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
            raise Unreadable(place)
        try:
            return self.cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], place.encode())
        except InvalidTag:
            raise Unreadable(place) from None

    def seal_json(self, value: canonical.Json, *, place: str) -> bytes:
        return self.seal(canonical.encode(value), place=place)

    def unseal_json(self, value: bytes | memoryview, *, place: str, former: str = "") -> Any:  # noqa: ANN401 - JSON
        """Decrypt a value and parse its JSON; raises as `unseal`. `former` is its place in an earlier version."""
        try:
            return canonical.decode(self.unseal(value, place=place))
        except Unreadable:
            if not former:
                raise
            return canonical.decode(self.unseal(value, place=former))


def box(*, resident_id: UUID) -> Box:
    """Return the resident's box.

    Raises:
        KeyMissing: the resident's key was erased or never made.
    """
    return Box.of(key_of(resident_id=resident_id))


def box_in(row: KeyRow | None, *, resident_id: UUID) -> Box:
    """Return the resident's box from the row of their key, which the caller has just read; raises as `box`."""
    return Box.of(key_in(row, resident_id=resident_id))


def seal(value: bytes, *, resident_id: UUID, place: str) -> bytes:
    return box(resident_id=resident_id).seal(value, place=place)


def unseal(value: bytes | memoryview, *, resident_id: UUID, place: str) -> bytes:
    """Decrypt a value of the resident.

    Raises:
        Unreadable: changed, moved or another resident's.
        KeyMissing: the resident's key was erased or never made.
    """
    return box(resident_id=resident_id).unseal(value, place=place)


def seal_json(value: canonical.Json, *, resident_id: UUID, place: str) -> bytes:
    return box(resident_id=resident_id).seal_json(value, place=place)


def unseal_json(value: bytes | memoryview, *, resident_id: UUID, place: str, former: str = "") -> Any:  # noqa: ANN401 - JSON's own shape
    """Decrypt a value and parse its JSON; raises as `unseal`."""
    return box(resident_id=resident_id).unseal_json(value, place=place, former=former)
