"""Residents' data keys, each wrapped by the keyring (core/keyrings) and bound to its resident.

A resident's row is read at each use; on the home page, whose blocks open several of the resident's own texts, once for
the page. Once it is deleted, everything sealed under that key is unreadable at once. A key unwrapped by a key service
is cached in memory for a minute, and used only while the row holds the same bytes. Anyone with root access to this
machine can use the keyring, hence read; the documentation says so.
"""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_scopes import scope

from core.keyrings import Keyring, KeyringError, KeysDown, Ring, file_path, files, keyring
from core.keyrings.files import KEY_BYTES, NONCE_BYTES
from core.models import ResidentKey

__all__ = ["KEY_BYTES", "NONCE_BYTES", "KeyMissing", "Keyring", "KeyringError", "KeysDown", "keyring"]

#: HKDF's `info` of the key that makes MACs of rows.
ROWS = b"garant authenticated rows"
#: Seconds that a key unwrapped by a service may be used without asking again.
KEPT = 60
#: Maximum number of cached keys per process.
MOST = 500
#: A service that failed after `SLOW` seconds is not asked for `REST` seconds: pages without a vault need the threads.
SLOW, REST = 0.5, 2


class KeyMissing(Exception):
    """The resident's key was erased or never made."""


class KeyRow(NamedTuple):
    """A resident's key as it is stored."""

    version: int
    kid: str
    wrapped: bytes | memoryview


class _Cache:
    """Cache of keys unwrapped by a service, by the row that held each. An erased or rewrapped row is not found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, bytes, bytes], tuple[float, bytes]] = OrderedDict()
        self.rests_until = 0.0

    def get(self, row: tuple[str, bytes, bytes]) -> bytes | None:
        with self._lock:
            until, key = self._found.get(row, (0.0, b""))
            return key if time.monotonic() < until else None

    def put(self, row: tuple[str, bytes, bytes], key: bytes) -> None:
        with self._lock:
            self._found[row] = time.monotonic() + KEPT, key
            self._found.move_to_end(row)
            now = time.monotonic()
            while self._found and (len(self._found) > MOST or next(iter(self._found.values()))[0] < now):
                self._found.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()
            self.rests_until = 0.0


_cache = _Cache()
_read: ContextVar[dict[UUID, KeyRow | None] | None] = ContextVar("read", default=None)


def make_keyring(is_needed_already: Callable[[], bool]) -> Path:
    """Make a keyring file with one key, if there is none and the database needs none yet.

    Raises:
        KeyringError: there is one already, or it is lost. A new one would make everything sealed unreadable.
    """
    path = file_path()
    if path.exists():
        raise KeyringError(f"{path} exists: a new keyring would make everything sealed under it unreadable.")
    if is_needed_already():
        raise KeyringError(
            f"This database was filled under a keyring that is not at {path}: put back the copy that you keep apart"
            " (docs/keys.md). A new one would open nothing."
        )
    if not files.make_file(path):
        raise KeyringError(f"{path} was just made by another process.")
    return path


def make_key(*, resident_id: UUID) -> None:
    """Make the resident's key in the caller's transaction; idempotent."""
    kid, wrapped = keyring().wrap(secrets.token_bytes(KEY_BYTES), context(resident_id, 1))
    with scope(resident=resident_id):
        key = ResidentKey(resident_id=resident_id, version=1, kid=kid, wrapped=wrapped, created_at=timezone.now())
        ResidentKey.objects.bulk_create([key], ignore_conflicts=True)


def key_of(*, resident_id: UUID) -> bytes:
    """Return the resident's data key.

    Raises:
        KeyMissing: the key was erased or never made.
        KeyringError: the keyring cannot unwrap it.
        KeysDown: the key service does not answer.
    """
    kept = _read.get()
    if kept is not None and resident_id in kept:
        return key_in(kept[resident_id], resident_id=resident_id)
    with scope(resident=resident_id):
        found = ResidentKey.objects.filter(pk=resident_id).values_list("version", "kid", "wrapped").first()
    row = KeyRow(*found) if found else None
    if kept is not None:
        kept[resident_id] = row
    return key_in(row, resident_id=resident_id)


@contextmanager
def read_once() -> Iterator[None]:
    """Read the row of a resident's key once in the block, which serves one page or one reading.

    The gate reads it anew each time, with the journal's last entry, and what follows in the block uses that row.
    """
    known = _read.get()
    before = _read.set({} if known is None else known)
    try:
        yield
    finally:
        _read.reset(before)


def note_read(resident_id: UUID, row: KeyRow | None) -> None:
    """Let the block of `read_once`, if any, use the row of a key that was read with something else."""
    if (known := _read.get()) is not None:
        known[resident_id] = row


def key_in(row: KeyRow | None, *, resident_id: UUID) -> bytes:
    """Return the resident's data key from its row, which the caller has just read; raises as `key_of`."""
    if row is None:
        raise KeyMissing(str(resident_id))
    return unwrapped(row.kid, bytes(row.wrapped), context(resident_id, row.version))


def row_key(key: bytes) -> bytes:
    """Derive the key of the MACs of a resident's rows (core/models/rows.py) from their data key: HKDF-Expand."""
    return hmac.digest(key, ROWS + b"\x01", "sha256")


def unwrapped(kid: str, wrapped: bytes, bound: bytes) -> bytes:
    ring = keyring().of(kid)
    if not ring.remote:
        return ring.unwrap(kid, wrapped, bound)
    key = _cache.get((kid, wrapped, bound))
    if key is None:
        key = _unwrap_remotely(ring, kid, wrapped, bound)
        _cache.put((kid, wrapped, bound), key)
    return key


def _unwrap_remotely(ring: Ring, kid: str, wrapped: bytes, bound: bytes) -> bytes:
    started = time.monotonic()
    if started < _cache.rests_until:
        raise KeysDown("The key service kept somebody waiting a moment ago: it is asked again in two seconds.")
    try:
        return ring.unwrap(kid, wrapped, bound)
    except KeysDown:
        now = time.monotonic()
        if now - started > SLOW:
            _cache.rests_until = now + REST
        raise


def context(resident_id: UUID, version: int) -> bytes:
    return f"{settings.TENANT}|{resident_id}|{version}".encode()
