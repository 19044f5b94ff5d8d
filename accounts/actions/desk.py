"""Reset of a lost second factor: one agent checks the user's papers, another agrees; each step is notified."""

import re
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from accounts.actions.accounts import forget_second_factor
from accounts.models import FactorReset, User
from accounts.sign_in import second_factor
from accounts.two_persons import DECIDING, Lack, NotTwo
from core import journal, locks

LASTS = timedelta(hours=24)
PURPOSE = gettext_noop("Double vérification perdue")
REFERENCE = re.compile(r"[0-9A-F]{8}\Z")


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
    """Ask for a reset, whether or not somebody has what was written. Within a day, return the same request again.

    Raises:
        PermissionDenied: `by` is not an agent, or asks for themselves.
        NotTwo: `by` may not be one of the two who decide.
    """
    person = person_of(written)
    if not by.is_staff or by == person:
        raise PermissionDenied
    DECIDING.require_one(by)
    found = person if person is not None and second_factor.is_set_up(person) else None
    digest = salted_hmac("factor reset", _normal(written)).hexdigest()
    with transaction.atomic():
        locks.hold("factor reset", UUID(digest[:32]))
        waiting = FactorReset.objects.waiting(timezone.now() - LASTS).filter(written_hash=digest).first()
        if waiting is not None:
            return waiting
        asked = FactorReset.objects.create(
            person=found, written=masked(written), written_hash=digest, reason=reason, asked_by=by
        )
        if found is not None:
            _journal_event(found, by, "second_factor_reset_asked")
    return asked


def decide_reset(*, reset: FactorReset, by: User, grant: bool) -> User | None:
    """Grant or refuse a reset; return the user, if there is one. If granted, delete their second factors and sessions.

    Raises:
        PermissionDenied: `by` is not an agent, or does not manage agents while the user is one.
        NotTwo: `by` asked, or is the user, or the two may not decide together.
        Over: the request was already decided, or is older than a day.
    """
    with transaction.atomic():
        held = FactorReset.objects.select_for_update().get(pk=reset.pk)
        person = held.person
        if not by.is_staff or (person is not None and person.is_staff and not by.is_superuser):
            raise PermissionDenied
        if held.decided_at or timezone.now() - held.asked_at > LASTS:
            raise Over
        if by in {held.asked_by, person}:
            raise NotTwo(Lack.SAME, by)
        if grant:
            DECIDING.require(held.asked_by, by)
        held.decided_by, held.decided_at, held.granted = by, timezone.now(), grant
        held.save(update_fields=["decided_by", "decided_at", "granted"])
        if grant and person is not None:
            forget_second_factor(user=person)
            _journal_event(person, by, "second_factor_reset")
    return person


def masked(written: str) -> str:
    """Return what the desk's list shows of an address or a reference, whoever has it."""
    name, at, domain = _normal(written).partition("@")
    return f"{name[:1].lower()}•••@{domain.lower()}"[:120] if at else name[:8]


def _normal(written: str) -> str:
    return written.replace(" ", "").upper()


def _journal_event(person: User, by: User, event: str) -> None:
    if person.is_resident:
        journal.write(resident_id=person.pk, actor_id=by.pk, event=event, purpose=PURPOSE, means=journal.Means.DESK)
