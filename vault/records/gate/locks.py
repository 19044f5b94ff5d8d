"""Locks of grants: readers share one, whoever changes the grant takes it alone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django_scopes import scope

from core import journal
from vault.records.models import Grant


def lock(grant: Grant, *, shared: bool) -> None:
    """To the end of the transaction. What was committed before it was given is seen by the next statement, not by this one."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [grant.lock_key])


def lock_exclusively(grants: Iterable[Grant]) -> None:
    """`locked_exclusively` for several grants at once, in the caller's own short transaction; in one order for all, so that nobody waits in a circle."""
    for grant in sorted(grants, key=lambda grant: grant.lock_key):
        lock(grant, shared=False)


@contextmanager
def locked_exclusively(grant: Grant) -> Iterator[None]:
    """Hold the grant while it changes, in its resident's scope: when the block has committed no earlier permission is still in use."""
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        lock_exclusively([grant])
        yield


def try_lock(grant: Grant) -> bool:
    """The journal's lock, then the grant's, shared, which is not waited for: False when somebody has it, or waits to have it, alone.

    Readers of one resident wait for each other at the journal. One that held its grant meanwhile would keep its stop waiting for all of
    them; one that waited for its grant while it held the journal would wait in a circle with the stop's own line.
    """
    with connection.cursor() as cursor:
        both = "SELECT pg_advisory_xact_lock(%s); SELECT pg_try_advisory_xact_lock_shared(%s)"
        cursor.execute(both, [journal.lock_key(grant.resident_id), grant.lock_key])
        cursor.nextset()
        return bool(cursor.fetchone()[0])


def wait_for_lock(grant: Grant) -> None:
    """Wait, with nothing in hand, until nobody has the grant alone."""
    with transaction.atomic(durable=True):
        lock(grant, shared=True)
