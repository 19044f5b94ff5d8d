"""Keys: the keyring (core/keys/keyrings) wraps one data key per resident, and the resident is bound to what is wrapped.

The row of a resident's key is read each time, never kept: once it is deleted, everything sealed under it is unreadable at once. What a key
service opened is kept for a minute, in memory, and serves only for the very bytes that the row holds at that moment.
Whoever is root on this machine may use the keyring, and could read; the documentation says so.
"""

import secrets
import threading
import time
from collections import OrderedDict
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_scopes import scope

from core.keys.keyrings import Keyring, KeyringError, KeysDown, Ring, file_path, files, keyring
from core.keys.keyrings.files import KEY_BYTES, NONCE_BYTES
from core.models import ResidentKey

__all__ = ["KEY_BYTES", "NONCE_BYTES", "KeyMissing", "Keyring", "KeyringError", "KeysDown", "keyring"]

#: Seconds that a key which a service opened may be used again without asking it.
KEPT = 60
#: How many of them one process keeps.
MOST = 500
#: A service that failed after so many seconds is left alone for a while: the pages that need no vault need the threads that wait for it.
SLOW, REST = 0.5, 2


class KeyMissing(Exception):
    """The resident's key was erased or never made."""


class _Kept:
    """Keys that a service opened, each under the row that it came from: another resident's, an erased or a rewrapped row finds nothing."""

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


_kept = _Kept()


def make_keyring() -> Path:
    """A new keyring file with one key, only where there is none.

    Raises:
        KeyringError: there is one already. Replacing it would make everything sealed unreadable.
    """
    path = file_path()
    if not files.make_file(path):
        raise KeyringError(f"{path} exists: a new keyring would make everything sealed under it unreadable.")
    return path


def make_key(*, resident_id: UUID) -> None:
    """In the caller's transaction. Making it twice changes nothing."""
    kid, wrapped = keyring().wrap(secrets.token_bytes(KEY_BYTES), context(resident_id, 1))
    with scope(resident=resident_id):
        key = ResidentKey(resident_id=resident_id, version=1, kid=kid, wrapped=wrapped, created_at=timezone.now())
        ResidentKey.objects.bulk_create([key], ignore_conflicts=True)


def key_of(*, resident_id: UUID) -> bytes:
    """
    Raises:
        KeyMissing: there is no row: erased, or never made.
        KeyringError: the row is there and the keyring does not open it.
        KeysDown: nor does anything else until the key service answers.
    """
    with scope(resident=resident_id):
        row = ResidentKey.objects.filter(pk=resident_id).values_list("version", "kid", "wrapped").first()
    if row is None:
        raise KeyMissing(str(resident_id))
    version, kid, wrapped = row
    return unwrapped(kid, bytes(wrapped), context(resident_id, version))


def unwrapped(kid: str, wrapped: bytes, bound: bytes) -> bytes:
    ring = keyring().of(kid)
    if not ring.remote:
        return ring.unwrap(kid, wrapped, bound)
    key = _kept.get((kid, wrapped, bound))
    if key is None:
        key = _asked(ring, kid, wrapped, bound)
        _kept.put((kid, wrapped, bound), key)
    return key


def _asked(ring: Ring, kid: str, wrapped: bytes, bound: bytes) -> bytes:
    started = time.monotonic()
    if started < _kept.rests_until:
        raise KeysDown("The key service kept somebody waiting a moment ago: it is asked again in two seconds.")
    try:
        return ring.unwrap(kid, wrapped, bound)
    except KeysDown:
        now = time.monotonic()
        if now - started > SLOW:
            _kept.rests_until = now + REST
        raise


def context(resident_id: UUID, version: int) -> bytes:
    return f"{settings.TENANT}|{resident_id}|{version}".encode()
