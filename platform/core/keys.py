"""Keys: a keyring file (the key-encryption keys) wraps one data key per resident.

The row of a resident's key is read each time, never kept: once it is deleted, everything sealed under it is unreadable at once.
Whoever is root on this machine holds the keyring, and could read; the documentation says so.
"""

import base64
import json
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone
from django_scopes import scope

from core.models import ResidentKey
from core.secret_files import write_once

KEY_BYTES = 32
NONCE_BYTES = 12


class KeyringError(Exception):
    """The keyring cannot be used; the sentence says what to do. It never holds key material."""


class KeyMissing(Exception):
    """The resident's key was erased or never made."""


@dataclass(frozen=True, repr=False)
class Keyring:
    current: str
    keys: Mapping[str, bytes]

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.current, nonce + AESGCM(self.keys[self.current]).encrypt(nonce, key, context)

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """
        Raises:
            KeyringError: the key that wrapped it is not in the keyring, or is another one under the same name.
        """
        if kid not in self.keys:
            raise KeyringError(f"The keyring has no key “{kid}”: put back the keyring that goes with this database.")
        try:
            return AESGCM(self.keys[kid]).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except InvalidTag:
            raise KeyringError(f"The keyring's key “{kid}” is not the one that wrapped this resident's key.") from None


def keyring() -> Keyring:
    """Read again whenever the file changes: a rotation needs no restart.

    Raises:
        KeyringError: absent, readable by others, or malformed.
    """
    path = Path(settings.KEYRING)
    if settings.MAKE_KEYRING and not path.exists():
        _make_keyring(path)
    try:
        seen = path.stat()
    except OSError:
        raise KeyringError(f"No keyring at {path}: put yours back, or make one with “manage.py make_keyring”.") from None
    if stat.S_IMODE(seen.st_mode) & 0o077:
        raise KeyringError(f"Others than its owner may read {path}: run “chmod 600 {path}”.")
    return _load(path, seen.st_mtime_ns, seen.st_ino)


def make_keyring() -> Path:
    """A new keyring with one key, only where there is none.

    Raises:
        KeyringError: there is one already. Replacing it would make everything sealed unreadable.
    """
    path = Path(settings.KEYRING)
    if not _make_keyring(path):
        raise KeyringError(f"{path} exists: a new keyring would make everything sealed under it unreadable.")
    return path


def make_key(*, resident_id: UUID) -> None:
    """In the caller's transaction. Making it twice changes nothing."""
    kid, wrapped = keyring().wrap(secrets.token_bytes(KEY_BYTES), _context(resident_id, 1))
    with scope(resident=resident_id):
        key = ResidentKey(resident_id=resident_id, version=1, kid=kid, wrapped=wrapped, created_at=timezone.now())
        ResidentKey.objects.bulk_create([key], ignore_conflicts=True)


def key_of(*, resident_id: UUID) -> bytes:
    """
    Raises:
        KeyMissing: there is no row: erased, or never made.
        KeyringError: the row is there and the keyring does not open it.
    """
    with scope(resident=resident_id):
        row = ResidentKey.objects.filter(pk=resident_id).values_list("version", "kid", "wrapped").first()
    if row is None:
        raise KeyMissing(str(resident_id))
    version, kid, wrapped = row
    return keyring().unwrap(kid, bytes(wrapped), _context(resident_id, version))


def _context(resident_id: UUID, version: int) -> bytes:
    return f"{settings.TENANT}|{resident_id}|{version}".encode()


def _make_keyring(path: Path) -> bool:
    """False when another process made it first."""
    kid = timezone.now().strftime("%Y%m%d") + "-" + secrets.token_hex(4)
    content = json.dumps({"current": kid, "keys": {kid: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}})
    return write_once(path, content.encode())


@lru_cache(maxsize=4)
def _load(path: Path, changed: int, inode: int) -> Keyring:
    try:
        content = json.loads(path.read_bytes())
        ring = Keyring(content["current"], {kid: base64.b64decode(key, validate=True) for kid, key in content["keys"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise KeyringError(f'{path} is not a keyring: it must be {{"current": name, "keys": {{name: 32 bytes in base64}}}}.') from None
    if ring.current not in ring.keys or any(len(key) != KEY_BYTES for key in ring.keys.values()):
        raise KeyringError(f"{path}: its current key must be among its keys, each of 32 bytes.")
    return ring
