"""PostgreSQL's advisory locks, which last until the transaction ends. Each kind has its own keys."""

import hashlib
from uuid import UUID

from django.db import connection


def key(kind: str, id: UUID) -> int:
    """Return the 64-bit key of a lock. Trap: processes of two versions must compute the same."""
    return int.from_bytes(hashlib.sha256(kind.encode() + id.bytes).digest()[:8], signed=True)


def hold(kind: str, id: UUID) -> None:
    """Wait for the exclusive lock and take it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(kind, id)])


def try_hold(kind: str, id: UUID) -> bool:
    """Take the exclusive lock if it is free. Return whether it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key(kind, id)])
        return bool(cursor.fetchone()[0])
