"""Grants that end, or that do not serve: told once each, before the end or after three months. Nothing is stopped or renewed by it."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from vault.records.actions import grants
from vault.records.enums import Happened
from vault.records.models import Grant
from vault.sharing.across import grants as across


def send_expiry_reminders() -> int:
    """Called by the scheduler. Returns how many residents were written to."""
    return _send_reminders(across.ending(), Happened.ENDING, "sharing/email/grant_ending")


def send_unused_reminders() -> int:
    return _send_reminders(across.unused(), Happened.UNUSED, "sharing/email/grant_unused")


def _send_reminders(due: Iterable[Grant], happened: Happened, template: str) -> int:
    by_resident: dict[object, list[Grant]] = {}
    for grant in due:
        by_resident.setdefault(grant.resident_id, []).append(grant)
    return sum(_send_reminder(of_one, happened, template) for of_one in by_resident.values())


def _send_reminder(due: list[Grant], happened: Happened, template: str) -> bool:
    """One message for those of the same day. It is sent before the notes are committed: a mail server that is down is tried again.

    No lock of a grant is held meanwhile: a stop never waits for a mail.
    """
    resident_id = due[0].resident_id
    with scope(resident=resident_id), transaction.atomic():
        told = [grant for grant in due if _note(grant, happened)]
        sent = bool(told) and reminding.remind(user_id=resident_id, template=template)
        for grant in told:
            grants.journal_grant_event(grant, resident_id, f"grant_{happened}")
    return sent


def _note(grant: Grant, happened: Happened) -> bool:
    """False when another scheduler has told it: the second note of one kind waits for the first, then finds it."""
    try:
        with transaction.atomic():
            grants.note(grant, happened, timezone.now())
    except IntegrityError:
        return False
    return True
