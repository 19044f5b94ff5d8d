"""E-mails about grants: before one ends, after three months without use, when it is given back. They change none."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from core.database import locks
from vault.records.actions import grants
from vault.records.enums import Happened
from vault.records.models import Grant, GrantEvent
from vault.sharing.across import grants as across


def send_expiry_reminders() -> int:
    """Remind residents of grants that end soon. Return how many e-mails were sent. Called by the scheduler."""
    return _send_reminders(across.ending(), Happened.ENDING, "sharing/email/grant_ending")


def send_unused_reminders() -> int:
    """Remind residents of grants that nobody uses. Return how many e-mails were sent. Called by the scheduler."""
    return _send_reminders(across.unused(), Happened.UNUSED, "sharing/email/grant_unused")


def send_return_notices() -> int:
    """Tell residents of grants that were given back. Return how many e-mails were sent. Called by the scheduler."""
    return _send_reminders(across.returned(), Happened.TOLD, "sharing/email/grant_returned")


def _send_reminders(due: Iterable[Grant], happened: Happened, template: str) -> int:
    by_resident: dict[object, list[Grant]] = {}
    for grant in due:
        by_resident.setdefault(grant.resident_id, []).append(grant)
    return sum(_send_reminder(of_one, happened, template) for of_one in by_resident.values())


def _send_reminder(due: list[Grant], happened: Happened, template: str) -> bool:
    """Send one resident one message about all of the grants.

    The message is sent before the notes are written: if it fails, the next tick tries again. No lock of a grant or of
    the journal is held meanwhile, so a stop never waits for an e-mail.
    """
    resident_id = due[0].resident_id
    with scope(resident=resident_id), locks.alone(f"grant {happened}", resident_id) as is_free:
        noted = GrantEvent.objects.filter(grant__in=due, happened=happened).values_list("grant", flat=True)
        told = set(noted) if is_free else {grant.pk for grant in due}
        new = [grant for grant in due if grant.pk not in told]
        sent = bool(new) and reminding.remind(user_id=resident_id, template=template)
        for grant in new:
            with transaction.atomic():
                if _note(grant, happened):
                    grants.journal_grant_event(grant, resident_id, f"grant_{happened}")
    return sent


def _note(grant: Grant, happened: Happened) -> bool:
    """Note the event. Return False if another scheduler noted it: the second insertion waits, then fails."""
    try:
        with transaction.atomic():
            grants.note(grant, happened, timezone.now())
    except IntegrityError:
        return False
    return True
