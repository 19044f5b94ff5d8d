"""PostgreSQL's advisory locks, which last until the transaction ends. Each kind has keys of its own: locks of two kinds never meet."""

import hashlib
from uuid import UUID

from django.db import connection


def key(kind: str, id: UUID) -> int:
    """Return the 64-bit key of a lock. Trap: processes of two versions must compute the same."""
    return int.from_bytes(hashlib.sha256(kind.encode() + id.bytes).digest()[:8], signed=True)


def hold(kind: str, id: UUID) -> None:
    """Wait for the lock, and hold it alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(kind, id)])
