"""Reset of a lost second factor: one agent checks the user's papers, another agrees.

A task tells the user of each step. So the agents' pages do the same work in the same time whether or not somebody has
what was written.
"""

import re
from datetime import timedelta
from uuid import UUID

from celery import current_app
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from accounts import reminding
from accounts.actions.accounts import forget_second_factor
from accounts.models import FactorReset, User
from accounts.sign_in import second_factor
from accounts.two_persons import ACTS, Lack, NotTwo
from core import journal
from core.database import locks
from core.messages import mails

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
    found = list(User.objects.filter(pk__range=(first, last), is_persona=False)[:2])
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
    ACTS["reset_factor"].require_first(by)
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
        transaction.on_commit(_tell_soon, robust=True)
    return asked


def read_reset(*, reset: FactorReset, by: User) -> User | None:
    """Return whose second factor it is, to the agent who may decide, or None if nobody has what was written.

    A resident's journal says that their name was read.

    Raises:
        PermissionDenied, NotTwo, Over: as `decide_reset`, if it were granted.
    """
    with transaction.atomic():
        held = FactorReset.objects.select_for_update(of=("self",)).get(pk=reset.pk)
        _require_may_decide(held, by)
        ACTS["reset_factor"].require(held.asked_by, by)
        if held.person is not None:
            _journal_event(held.person, by, "second_factor_reset_read")
        return held.person


def decide_reset(*, reset: FactorReset, by: User, grant: bool) -> None:
    """Grant or refuse a reset. If granted, delete the user's second factors and sessions.

    Raises:
        PermissionDenied: `by` is not an agent, or does not manage agents while the user is one.
        NotTwo: `by` asked, or is the user, or the two may not decide together.
        Over: the request was already decided, or is older than a day.
    """
    with transaction.atomic():
        held = FactorReset.objects.select_for_update().get(pk=reset.pk)
        person = held.person
        _require_may_decide(held, by)
        if grant:
            ACTS["reset_factor"].require(held.asked_by, by)
        held.decided_by, held.decided_at, held.granted = by, timezone.now(), grant
        held.save(update_fields=["decided_by", "decided_at", "granted"])
        if grant and person is not None:
            forget_second_factor(user=person)
            _journal_event(person, by, "second_factor_reset")
        transaction.on_commit(_tell_soon, robust=True)


def _require_may_decide(held: FactorReset, by: User) -> None:
    person = held.person
    if not by.is_staff or (person is not None and person.is_staff and not by.is_superuser):
        raise PermissionDenied
    if held.decided_at or timezone.now() - held.asked_at > LASTS:
        raise Over
    if by in {held.asked_by, person}:
        raise NotTwo(Lack.SAME, by)


def notify_resets() -> int:
    """Tell each user once of the request, and once of the answer. Return how many e-mails were sent.

    A task runs this at once; the scheduler runs it again for e-mails that could not leave.
    """
    found = FactorReset.objects.to_tell(timezone.now() - LASTS).values_list("pk", flat=True)
    return sum(_notify(key) for key in found)


def masked(written: str) -> str:
    """Return what the desk's list shows of an address or a reference, whoever has it."""
    name, at, domain = _normal(written).partition("@")
    return f"{name[:1].lower()}•••@{domain.lower()}"[:120] if at else name[:8]


def _normal(written: str) -> str:
    return written.replace(" ", "").upper()


def _tell_soon() -> None:
    current_app.send_task("accounts.tasks.notify_resets", retry=False)


def _notify(key: UUID) -> int:
    """Send what the user has not been told, and write the journal entry of the request.

    An error of the mail server is raised: nothing is noted, and the next tick tries again.
    """

    def tell_asked(held: FactorReset) -> bool:
        return _tell(held, "account/email/factor_reset_asked")

    def note_asked(held: FactorReset) -> None:
        held.asked_told_at = timezone.now()
        held.save(update_fields=["asked_told_at"])
        if held.person is not None:
            _journal_event(held.person, held.asked_by, "second_factor_reset_asked")

    def tell_decided(held: FactorReset) -> bool:
        return _tell(held, f"account/email/factor_reset_{'done' if held.granted else 'refused'}")

    def note_decided(held: FactorReset) -> None:
        held.decided_told_at = timezone.now()
        held.save(update_fields=["decided_told_at"])

    due = FactorReset.objects.to_tell(timezone.now() - LASTS).select_related("person", "asked_by").filter(pk=key)
    asked, decided = due.filter(asked_told_at=None), due.filter(decided_at__isnull=False, decided_told_at=None)
    return sum(
        (
            reminding.once("reset asked", key, asked, send=tell_asked, note=note_asked),
            reminding.once("reset decided", key, decided, send=tell_decided, note=note_decided),
        )
    )


def _tell(held: FactorReset, letter: str) -> bool:
    if held.person is not None:
        mails.send(letter, to=[held.person.email or held.person.contact_email])
    return held.person is not None


def _journal_event(person: User, by: User, event: str) -> None:
    if person.is_resident:
        journal.write(resident_id=person.pk, actor_id=by.pk, event=event, purpose=PURPOSE, means=journal.Means.DESK)
