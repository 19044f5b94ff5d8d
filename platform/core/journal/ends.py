"""The end of a journal: its last entry, the head and the wrapped key beside it, read in one round trip."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from core.database import locks
from core.keys import KeyRow, note_read

# The lateral join reads one leaf.
COLUMNS = (
    "key.version, key.kid, key.wrapped, last.number, last.chain, last.at, last.id, last.content,"
    " head.counter, head.tags, head.ended, head.counts, head.mac"
)
OF_ONE = "FROM (SELECT %(resident)s AS resident_id) one"
OF_MANY = "FROM unnest(%s::uuid[]) one(resident_id)"
BESIDE = """
LEFT JOIN keystore.resident_key key ON key.resident_id = one.resident_id
LEFT JOIN core_rowhead head ON head.resident_id = one.resident_id
LEFT JOIN LATERAL (
    SELECT leaf.number, leaf.chain, leaf.at, entry.id, entry.content FROM core_journalleaf leaf
    LEFT JOIN core_journalentry entry ON entry.leaf_id = leaf.id
    WHERE leaf.resident_id = one.resident_id ORDER BY leaf.number DESC LIMIT 1
) last ON true
"""


class End(NamedTuple):
    """The last entry of a journal, the head and the key, as they are stored. Without an entry `number` is 0."""

    key: KeyRow | None
    number: int
    chain: bytes | None
    at: datetime | None
    entry_id: UUID | None
    content: bytes | None
    counter: int
    tags: bytes
    ended: bytes
    counts: bytes
    mac: bytes


def lock_key(resident_id: UUID) -> int:
    """Return the key of the journal's lock, held from the first entry or change of a head to the transaction's end."""
    return locks.key("journal", resident_id)


def read(resident_id: UUID, *, lock: bool, also: str = "true") -> tuple[bool, End]:
    """Read the end of a journal, and whether the SQL condition `also` holds; with `lock`, take the journal's lock
    first.

    Two statements in one round trip: only the second one sees what was committed during the wait.
    """
    asked: dict[str, UUID | int] = {"resident": resident_id, "lock": lock_key(resident_id)}
    first = "SELECT pg_advisory_xact_lock(%(lock)s);" if lock else ""
    with connection.cursor() as cursor:
        cursor.execute(f"{first} SELECT {also}, {COLUMNS} {OF_ONE} {BESIDE}", asked)
        if lock:
            cursor.nextset()
        holds, *found = cursor.fetchone()
    return holds, _noted(resident_id, found)


def try_many(conditions: Mapping[UUID, str]) -> dict[UUID, End]:
    """Read the ends of several journals without waiting: of those whose SQL condition, which takes locks, holds.

    Two statements in one round trip, as in `read`. A lock that was taken in vain is held until the transaction ends.
    """
    if not conditions:
        return {}
    residents = list(conditions)
    with connection.cursor() as cursor:
        holding = ", ".join(conditions.values())
        cursor.execute(f"SELECT {holding}; SELECT one.resident_id, {COLUMNS} {OF_MANY} {BESIDE}", [residents])
        holds = dict(zip(residents, cursor.fetchone(), strict=True))
        cursor.nextset()
        return {resident_id: _noted(resident_id, found) for resident_id, *found in cursor if holds[resident_id]}


def _noted(resident_id: UUID, found: list[Any]) -> End:
    version, kid, wrapped, number, chain, at, entry_id, content, counter, *head = found
    content, chain = (value and bytes(value) for value in (content, chain))
    tags, ended, counts, mac = (bytes(value or b"") for value in head)
    key = None if wrapped is None else KeyRow(version, kid, bytes(wrapped))
    note_read(resident_id, key)
    return End(key, number or 0, chain, at, entry_id, content, counter or 0, tags, ended, counts, mac)
