"""Locks of grants: readers share the lock; a verb that changes a grant takes it exclusively.

A kind of recipient may add a lock of its own (`RecipientKind.lock_key`), which each reading shares too. Whoever stops
all readings of that recipient takes it exclusively, and then waits for no grant's lock.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction
from django_scopes import scope

from core.journal import ends, heads
from vault.records.grants import recipients
from vault.records.models import Grant


def lock_shared(grant: Grant) -> None:
    """Take the locks that a reading shares, until the transaction ends.

    Trap: the statement that takes a lock does not see what was committed while it waited; the next statement does.
    """
    _share(*_keys_of(grant))


def lock_exclusively(grants: Iterable[Grant]) -> None:
    """Lock several grants in the caller's own short transaction, always in the same order to prevent deadlocks."""
    with connection.cursor() as cursor:
        for grant in sorted(grants, key=lambda grant: grant.lock_key):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [grant.lock_key])


@contextmanager
def locked_exclusively(grant: Grant) -> Iterator[None]:
    """Hold the grant's exclusive lock while it changes, in its resident's scope.

    When the block has committed, no read under the former permission is running.
    """
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        lock_exclusively([grant])
        yield


def try_lock(grant: Grant) -> ends.End | None:
    """Take the journal's lock, then try the locks that a reading shares. Return the journal's end, which stays locked.

    Return None if one of them is held or awaited exclusively.

    Readers of one resident queue for the journal. If a reader held its grant's lock while it queued, a stop would wait
    for all of them. If it waited for its grant's lock while it held the journal, it would deadlock with the stop's own
    entry.
    """
    return heads.lock_end(grant.resident_id, also=_tries(grant))


def try_locks(grants: Iterable[Grant], *, journals: bool) -> dict[UUID, ends.End]:
    """Try the locks that the readings of several residents share; with `journals`, those of their journals first.

    Return the ends of the journals, by resident, of those for whom all were free. Nothing waits, so that two
    transactions that lock several residents never wait for each other.

    Raises:
        ValueError: two grants are of one resident.
    """
    tried = list(grants)
    tries = {grant.resident_id: _tries(grant) for grant in tried}
    if len(tries) < len(tried):
        raise ValueError("two grants of one resident")
    if journals:
        for resident_id, shared in tries.items():
            tries[resident_id] = f"pg_try_advisory_xact_lock({ends.lock_key(resident_id)}) AND {shared}"
    return ends.try_many(tries)


def _tries(grant: Grant) -> str:
    return " AND ".join(f"pg_try_advisory_xact_lock_shared({key})" for key in _keys_of(grant))


def wait_for_lock(grant: Grant) -> None:
    """Wait for each of the reading's locks, one after another, holding no other lock meanwhile."""
    for key in _keys_of(grant):
        with transaction.atomic(durable=True):
            _share(key)


def _share(*keys: int) -> None:
    """Share these locks, one after another, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(["pg_advisory_xact_lock_shared(%s)"] * len(keys)), keys)


def _keys_of(grant: Grant) -> list[int]:
    """Return the keys that a reading shares, in the order in which they are awaited."""
    own = recipients.get(grant.recipient_kind).lock_key(grant)
    return sorted({grant.lock_key} if own is None else {grant.lock_key, own})
