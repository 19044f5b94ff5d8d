"""Queries across residents for connections and data requests.

They return rows or ids, never a value; the caller then enters each resident's scope.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django_scopes import scopes_disabled

from vault.holders.enums import ConnectionState
from vault.holders.models import Connection, DataRequest, Lot, LotLine

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


def asked_with(holder: str, pairing: str) -> Connection | None:
    """Return the connection that waits for this holder to show its resident's code."""
    with scopes_disabled():
        return Connection.objects.filter(holder=holder, pairing=pairing, state=ConnectionState.ASKED).first()


def newest_connections(holder: str, residents: Collection[UUID]) -> Mapping[UUID, Connection]:
    """Return the connection of each of these residents to the holder: the one that lives, else the last that ended."""
    with scopes_disabled():
        found = Connection.objects.filter(holder=holder, resident_id__in=residents).exclude(
            state=ConnectionState.ASKED
        )
        oldest_first = sorted(found, key=lambda one: (one.is_live, one.created_at))
        return {one.resident_id: one for one in oldest_first}


def waiting_residents(lot: Lot) -> list[UUID]:
    """Return the residents of whom lines of the lot wait."""
    with scopes_disabled():
        found = LotLine.objects.filter(lot=lot, outcome="").order_by("resident_id")
        return list(found.values_list("resident_id", flat=True).distinct())


def outcomes_of(lot: Lot) -> list[tuple[int, str]]:
    """Return the number and the outcome of each sealed line of the lot, in order."""
    with scopes_disabled():
        return list(LotLine.objects.filter(lot=lot).order_by("number").values_list("number", "outcome"))


def keep_lines(lines: Collection[LotLine]) -> None:
    """Insert the lines of a lot, of all its residents."""
    with scopes_disabled():
        LotLine.objects.bulk_create(lines, batch_size=1000)


def delete_lots(*, before: datetime) -> None:
    with scopes_disabled():
        LotLine.objects.filter(lot__created_at__lt=before).delete()
        Lot.objects.filter(created_at__lt=before).delete()
