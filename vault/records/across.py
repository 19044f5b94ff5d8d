"""Queries across residents for records, grants, papers and exports.

They return rows or resident ids, never a value; the caller then enters each resident's scope.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django_scopes import scopes_disabled

from vault.records.enums import GrantState, Happened
from vault.records.models import Brought, Export, Grant, GrantField, GrantReading, Paper, Record


def residents_with_papers(condition: Q) -> set[UUID]:
    """Return the residents who have at least one kept paper that meets the condition."""
    with scopes_disabled():
        return set(Paper.objects.kept().filter(condition).values_list("resident_id", flat=True))


def expired_exports() -> list[Export]:
    with scopes_disabled():
        return list(Export.objects.filter(expires_at__lte=timezone.now()))


def was_brought_elsewhere(manifest_sha256: str, *, than: UUID) -> bool:
    """Return whether this very copy is in another vault than this resident's."""
    with scopes_disabled():
        return Brought.objects.filter(manifest_sha256=manifest_sha256).exclude(resident_id=than).exists()


def grants_to_close() -> list[Grant]:
    """Return the grants that reached their end without an event that says so."""
    with scopes_disabled():
        return list(Grant.objects.over().exclude(events__happened=Happened.OVER))


def parted_grants_to_note() -> list[Grant]:
    """Return the grants that a parting stopped, once their dated end has come, without an event that says so."""
    with scopes_disabled():
        stopped = Grant.objects.filter(stopped_at__lte=timezone.now()).exclude(
            events__happened__in=[one for one in Happened if one.ends]
        )
        return [grant for grant in stopped if grant.state == GrantState.STOPPED]


def grants_to_pause() -> list[Grant]:
    """Return the grants in force or to come that are not paused."""
    with scopes_disabled():
        return list(Grant.objects.standing().filter(paused_at=None))


def grants_now(ids: Collection[UUID], *, without: Iterable[str]) -> dict[UUID, Grant]:
    """Return grants as they are now, without some of their columns. The caller has their locks."""
    with scopes_disabled():
        return {grant.pk: grant for grant in Grant.objects.filter(pk__in=ids).defer(*without).order_by()}


def fields_granted(ids: Collection[UUID]) -> dict[UUID, list[Sequence[Any]]]:
    """Return the rows of each grant's fields, for `check_read`."""
    found: dict[UUID, list[Sequence[Any]]] = {}
    with scopes_disabled():
        for row in GrantField.objects.filter(grant__in=ids).values_list("pk", "mac", "grant", "field"):
            found.setdefault(row[2], []).append(row)
    return found


def current_records(types: Mapping[UUID, Collection[str]]) -> dict[UUID, list[Record]]:
    """Return the current records of these types of each resident. Cost: one query for each set of types."""
    sets: dict[frozenset[str], list[UUID]] = {}
    for resident_id, chosen in types.items():
        sets.setdefault(frozenset(chosen), []).append(resident_id)
    found: dict[UUID, list[Record]] = {resident_id: [] for resident_id in types}
    with scopes_disabled():
        for chosen, residents in sets.items():
            for record in Record.objects.current().filter(resident_id__in=residents, type__in=chosen):
                found[record.resident_id].append(record)
    return found


def note_readings(readings: Iterable[GrantReading]) -> None:
    with scopes_disabled():
        GrantReading.objects.bulk_create(readings)
