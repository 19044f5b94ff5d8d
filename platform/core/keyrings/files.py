"""A keyring in an owner-only file: `{"current": name, "keys": {name: 32 bytes in base64}}`.

The file is read again whenever it changes, so a rotation needs no restart.
"""

import base64
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.keyrings.ring import KeyringError
from core.whole_files import replace_whole, write_once

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, repr=False)
class FileRing:
    name: str
    keys: Mapping[str, bytes]
    remote = False

    def current(self) -> str:
        return self.name

    def holds(self, kid: str) -> bool:
        return kid in self.keys

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.name, nonce + AESGCM(self.keys[self.name]).encrypt(nonce, key, context)

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        try:
            return AESGCM(self.keys[kid]).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise KeyringError(f"The keyring's key “{kid}” is not the one that wrapped this resident's key.") from None

    def check(self) -> None:
        """Do nothing: `load` validated the file."""


def load(path: Path, *, make: bool) -> FileRing:
    """Read the keyring file. `make` creates it if it is missing.

    Raises:
        KeyringError: the file is missing, readable by other users or malformed.
    """
    if make and not path.exists():
        make_file(path)
    try:
        status = path.stat()
    except OSError:
        raise KeyringError(
            f"No keyring at {path}: put back the copy that you keep apart. For a new portal, docs/keys.md says how it"
            " is made."
        ) from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyringError(f"Others than its owner may read {path}: run “chmod 600 {path}”.")
    return _read(path, status.st_mtime_ns, status.st_ino)


def make_file(path: Path) -> bool:
    """Make a keyring file. Return False if it exists, even if another process made it first."""
    kid, key = _new_key()
    return write_once(path, _encode(FileRing(kid, {kid: key})))


def add_key(path: Path) -> str:
    """Add a key to the file and return its name. It wraps nothing yet."""
    with _locked(path):
        ring, (kid, key) = load(path, make=False), _new_key()
        replace_whole(path, _encode(replace(ring, keys={**ring.keys, kid: key})))
    return kid


def use_key(path: Path, kid: str) -> None:
    """Make a key of the file the current one.

    Raises:
        KeyringError: the key is not in the file.
    """
    with _locked(path):
        ring = load(path, make=False)
        if kid not in ring.keys:
            raise KeyringError(f"{path} has no key “{kid}”. It has: {', '.join(ring.keys)}.")
        replace_whole(path, _encode(replace(ring, name=kid)))


def forget_key(path: Path, kid: str) -> None:
    """Remove a key from the file. The caller must check that nothing is still wrapped under it.

    Raises:
        KeyringError: it is the current key, or not in the file.
    """
    with _locked(path):
        ring = load(path, make=False)
        if kid == ring.name or kid not in ring.keys:
            raise KeyringError(f"“{kid}” is {'the current key' if kid == ring.name else 'not in the keyring'}.")
        replace_whole(path, _encode(replace(ring, keys={name: key for name, key in ring.keys.items() if name != kid})))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock the file: two concurrent rotations would lose a key, and everything wrapped under it."""
    with open(
        path.with_name(f".{path.name}.lock"), "a", opener=lambda name, flags: os.open(name, flags, 0o600)
    ) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _new_key() -> tuple[str, bytes]:
    """Make a key named by the date. Reads the clock directly: the keeper has no Django settings."""
    return datetime.now(UTC).strftime("%Y%m%d") + "-" + secrets.token_hex(4), secrets.token_bytes(KEY_BYTES)


def _encode(ring: FileRing) -> bytes:
    keys = {kid: base64.b64encode(key).decode() for kid, key in ring.keys.items()}
    return json.dumps({"current": ring.name, "keys": keys}).encode()


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, inode: int) -> FileRing:
    try:
        content = json.loads(path.read_bytes())
        ring = FileRing(
            content["current"], {kid: base64.b64decode(key, validate=True) for kid, key in content["keys"].items()}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise KeyringError(
            f'{path} is not a keyring: it must be {{"current": name, "keys": {{name: 32 bytes in base64}}}}.'
        ) from None
    if ring.name not in ring.keys or any(len(key) != KEY_BYTES for key in ring.keys.values()):
        raise KeyringError(f"{path}: its current key must be among its keys, each of 32 bytes.")
    return ring
