"""PostgreSQL's advisory locks, which last until the transaction ends, but `alone`. Each kind has its own keys."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection


def key(kind: str, id: UUID) -> int:
    """Return the 64-bit key of a lock. Trap: processes of two versions must compute the same."""
    return int.from_bytes(hashlib.sha256(kind.encode() + id.bytes).digest()[:8], signed=True)


def hold(kind: str, id: UUID) -> None:
    """Wait for the exclusive lock and take it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(kind, id)])


def hold_shared(kind: str, id: UUID) -> None:
    """Wait until nobody holds the exclusive lock, and keep it from others; many may share it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [key(kind, id)])


def try_hold(kind: str, id: UUID) -> bool:
    """Take the exclusive lock if it is free. Return whether it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key(kind, id)])
        return bool(cursor.fetchone()[0])


@contextmanager
def alone(kind: str, id: UUID) -> Iterator[bool]:
    """Hold the exclusive lock for the block, if it is free, without a transaction. Give whether it was.

    It is for what waits for others, such as a mail server. It ends with the connection, if not before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key(kind, id)])
        is_free = bool(cursor.fetchone()[0])
    try:
        yield is_free
    finally:
        if is_free:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key(kind, id)])
