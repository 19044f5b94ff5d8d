"""Reset of a lost second factor: one agent checks the user's papers, another agrees; each step is notified."""

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
    """No account has this address or reference, or it has no second factor to remove."""


class SamePerson(Exception):
    """The agent who asked cannot agree."""


class Over(Exception):
    """The request was already decided, or is older than a day."""


def person_of(written: str) -> User | None:
    """Return the user with this sign-in address, or with the reference shown to them after their first factor."""
    reference = written.replace(" ", "").upper()
    if not REFERENCE.match(reference):
        return User.objects.signing_in_as(written).first()
    first, last = (UUID(reference + filling * 24) for filling in "0F")
    found = list(User.objects.filter(pk__range=(first, last))[:2])
    return found[0] if len(found) == 1 else None


def ask_for_reset(*, written: str, reason: str, by: User) -> FactorReset:
    """Ask for a reset. Within a day, return the same request again.

    Raises:
        PermissionDenied: `by` is not an agent, or asks for themselves.
        NobodyFound: no account with a second factor matches.
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
    """Grant or refuse a reset; return the user. If granted, delete all their second factors and sessions.

    Raises:
        PermissionDenied: `by` is not an agent, or does not manage agents while the user is one.
        SamePerson: `by` asked, or is the user.
        Over: the request was already decided, or is older than a day.
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
