"""Queries across residents for records, grants, papers and exports.

They return rows or resident ids, never a value; the caller then enters each resident's scope.
"""

from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django_scopes import scopes_disabled

from vault.records.enums import GrantState, Happened
from vault.records.models import Export, Grant, Paper


def residents_with_papers(condition: Q) -> set[UUID]:
    """Return the residents who have at least one kept paper that meets the condition."""
    with scopes_disabled():
        return set(Paper.objects.kept().filter(condition).values_list("resident_id", flat=True))


def expired_exports() -> list[Export]:
    with scopes_disabled():
        return list(Export.objects.filter(expires_at__lte=timezone.now()))


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
