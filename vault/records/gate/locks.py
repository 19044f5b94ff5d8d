"""Locks of grants: readers share the lock; a verb that changes a grant takes it exclusively."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django_scopes import scope

from core import journal
from vault.records.models import Grant


def lock(grant: Grant, *, shared: bool) -> None:
    """Lock the grant until the transaction ends.

    Trap: the statement that takes the lock does not see what was committed while it waited; the next statement does.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [grant.lock_key])


def lock_exclusively(grants: Iterable[Grant]) -> None:
    """Lock several grants in the caller's own short transaction, always in the same order to prevent deadlocks."""
    for grant in sorted(grants, key=lambda grant: grant.lock_key):
        lock(grant, shared=False)


@contextmanager
def locked_exclusively(grant: Grant) -> Iterator[None]:
    """Hold the grant's exclusive lock while it changes, in its resident's scope.

    When the block has committed, no read under the former permission is running.
    """
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        lock_exclusively([grant])
        yield


def try_lock(grant: Grant) -> bool:
    """Take the journal's lock, then try the grant's shared lock.

    Return False if the exclusive lock is held or awaited.

    Readers of one resident queue for the journal. If a reader held its grant's lock while it queued, a stop would wait
    for all of them. If it waited for its grant's lock while it held the journal, it would deadlock with the stop's own
    entry.
    """
    with connection.cursor() as cursor:
        both = "SELECT pg_advisory_xact_lock(%s); SELECT pg_try_advisory_xact_lock_shared(%s)"
        cursor.execute(both, [journal.lock_key(grant.resident_id), grant.lock_key])
        cursor.nextset()
        return bool(cursor.fetchone()[0])


def wait_for_lock(grant: Grant) -> None:
    """Wait until nobody holds the grant's lock exclusively, holding no other lock."""
    with transaction.atomic(durable=True):
        lock(grant, shared=True)
