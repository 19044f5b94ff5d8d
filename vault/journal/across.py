"""Queries across residents for the journal's alerts, contests and purge.

They return rows or ids, never a value; the caller then enters each resident's scope.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_scopes import scopes_disabled

from core.models import JournalEntry, JournalLeaf, ResidentKey
from vault.journal.models import Alerts, Contest


def residents_with_new_entries(due: Q) -> list[UUID]:
    """Return the residents whose alerts meet the condition and whose journal has entries since the last look."""
    with scopes_disabled():
        newer = JournalLeaf.objects.filter(resident_id=OuterRef("resident_id"), number__gt=OuterRef("seen_number"))
        return list(Alerts.objects.filter(due).filter(Exists(newer)).values_list("resident_id", flat=True))


def residents_with_old_entries(*, before: datetime, notified_before: datetime) -> list[UUID]:
    """Return the residents with an entry older than `before`, unless they were notified after `notified_before`."""
    with scopes_disabled():
        notified = Alerts.objects.filter(ageing_told_at__gt=notified_before).values("resident_id")
        old = JournalEntry.objects.filter(leaf__at__lt=before, resident_id=OuterRef("resident_id"))
        found = ResidentKey.objects.filter(Exists(old), created_at__lt=before).exclude(resident_id__in=notified)
        return list(found.values_list("resident_id", flat=True))


def contested_entries() -> list[UUID]:
    """Return the ids of the entries with an open contest."""
    with scopes_disabled():
        return list(Contest.objects.open().values_list("entry_id", flat=True))


def answers_to_notify() -> list[Contest]:
    """Return each answered contest that its resident was not notified of."""
    with scopes_disabled():
        return list(Contest.objects.filter(answered_at__isnull=False, told_at=None))


def sent_contests() -> QuerySet[Contest]:
    """Return the contests for the data protection officer's list in the admin."""
    with scopes_disabled():
        return Contest.objects.sent()
