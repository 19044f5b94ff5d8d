"""Queries across residents for connections and data requests.

They return rows or ids, never a value; the caller then enters each resident's scope.
"""

from uuid import UUID

from django_scopes import scopes_disabled

from vault.holders.enums import ConnectionState
from vault.holders.models import Connection, DataRequest

#: How many due connections one tick of the scheduler takes.
BATCH = 200


def due_connections() -> list[Connection]:
    """Return up to `BATCH` connections to pull without their resident, the longest due first."""
    with scopes_disabled():
        return list(Connection.objects.due().order_by("next_pull_at")[:BATCH])


def active_connections() -> list[Connection]:
    with scopes_disabled():
        return list(Connection.objects.filter(state=ConnectionState.ACTIVE))


def overdue_requests() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each overdue request that its resident was not notified of."""
    with scopes_disabled():
        return list(DataRequest.objects.late().filter(told_at=None).values_list("pk", "resident_id"))
