"""A second factor that is lost: one agent has seen the person and their papers, another one agrees, and the person is told at each step."""

import re
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actions.accounts import forget_second_factor
from accounts.models import FactorReset, User
from accounts.sign_in import second_factor
from core import journal

LASTS = timedelta(hours=24)
PURPOSE = gettext_noop("Double vérification perdue")
REFERENCE = re.compile(r"[0-9A-F]{8}\Z")


class NobodyFound(Exception):
    """No account has this address or this reference, or it has no second factor to take off."""


class SamePerson(Exception):
    """Who asked does not agree with themselves."""


class Over(Exception):
    """It was decided already, or it is more than a day old."""


def person_of(written: str) -> User | None:
    """By their sign-in address, or by the reference that a page shows them once their first factor is given."""
    reference = written.replace(" ", "").upper()
    if not REFERENCE.match(reference):
        return User.objects.signing_in_as(written).first()
    first, last = (UUID(reference + filling * 24) for filling in "0F")
    found = list(User.objects.filter(pk__range=(first, last))[:2])
    return found[0] if len(found) == 1 else None


def ask_for_reset(*, written: str, reason: str, by: User) -> FactorReset:
    """Asking twice within the day gives the same request.

    Raises:
        PermissionDenied: `by` is no agent, or asks for themselves.
        NobodyFound
    """
    person = person_of(written)
    if person is None or not second_factor.is_set_up(person):
        raise NobodyFound
    if not by.is_staff or by == person:
        raise PermissionDenied
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)
        waiting = FactorReset.objects.waiting(timezone.now() - LASTS).filter(person=person).first()
        if waiting is not None:
            return waiting
        asked = FactorReset.objects.create(person=person, reason=reason, asked_by=by)
        _journal_event(person, by, "second_factor_reset_asked")
    return asked


def decide_reset(*, reset: FactorReset, by: User, grant: bool) -> User:
    """Returns the person. Granted: every second factor and every session of theirs is over; they come in as before they had one.

    Raises:
        PermissionDenied: `by` is no agent; or an agent's factor is at stake and `by` does not manage agents.
        SamePerson, Over
    """
    with transaction.atomic():
        held = FactorReset.objects.select_for_update().get(pk=reset.pk)
        if not by.is_staff or (held.person.is_staff and not by.is_superuser):
            raise PermissionDenied
        if held.decided_at or timezone.now() - held.asked_at > LASTS:
            raise Over
        if by in {held.asked_by, held.person}:
            raise SamePerson
        held.decided_by, held.decided_at, held.granted = by, timezone.now(), grant
        held.save(update_fields=["decided_by", "decided_at", "granted"])
        if grant:
            forget_second_factor(user=held.person)
            _journal_event(held.person, by, "second_factor_reset")
    return held.person


def _journal_event(person: User, by: User, event: str) -> None:
    if person.is_resident:
        journal.write(resident_id=person.pk, actor_id=by.pk, event=event, purpose=PURPOSE, means=journal.Means.DESK)
