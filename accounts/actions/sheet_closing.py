"""Closing of a vault that only a printed sheet opens: its resident asks two agents of the desk, one after the other.

No telephone number of such a vault is proved, so no code is sent. One agent is enough to keep the vault.
"""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts import perms
from accounts.actions.closing import CLOSE, COOLING_OFF, require_not_begun
from accounts.actions.sheets import LATE, WITHOUT_A_SHEET, end_closings, genuine
from accounts.models import Sheet, SheetClosing, User
from accounts.two_persons import ACTS
from core import journal

#: How long the second agent may confirm.
WAITS = timedelta(days=7)


class NotAsked(Exception):
    """Nobody asked for the closing, or it was too long ago."""


def standing(person: User) -> SheetClosing | None:
    """Return the closing that is confirmed, or waits for a second agent, or None.

    A request whose agent may no longer be one of the two does not count: another agent may note one.
    """
    found = SheetClosing.objects.filter(person=person).order_by("-asked_at")
    waiting = (one for one in genuine(found.waiting(timezone.now() - WAITS)) if _may_decide(one.asked_by))
    return next(iter(genuine(found.confirmed())), None) or next(waiting, None)


def ask(*, person: User, by: User) -> SheetClosing:
    """Note that the resident asks for the closing. Nothing is decided. Asking again returns the same row.

    Raises:
        PermissionDenied: `by` does not keep the desk, or the resident signs in by themselves.
        NotTwo: `by` may not be one of the two who decide.
        Begun: the erasure has begun.
    """
    perms.require_desk(by)
    ACTS["close_with_sheet"].require_first(by)
    with transaction.atomic():
        held = _locked(person)
        require_not_begun(held)
        there = standing(held)
        if there is not None:
            return there
        made = SheetClosing.objects.create(person=held, asked_by=by)
        _journal_event(held, by, "sheet_closing_asked")
    return made


def confirm(*, person: User, by: User, read: SheetClosing | None = None) -> SheetClosing:
    """Confirm as the second agent: the vault is erased in thirty days. Idempotent.

    Raises:
        PermissionDenied, Begun: as `ask`.
        NotTwo: `by` asked, or the two may not decide together.
        NotAsked: nobody did, or it is another request than the one that was read.
    """
    perms.require_desk(by)
    with transaction.atomic():
        held = _locked(person)
        require_not_begun(held)
        asked = standing(held)
        if asked is None or (read is not None and read != asked):
            raise NotAsked
        if asked.confirmed_at is not None:
            return asked
        ACTS["close_with_sheet"].require(asked.asked_by, by)
        now = timezone.now()
        asked.confirmed_by, asked.confirmed_at = by, now
        asked.save(update_fields=["confirmed_by", "confirmed_at"])
        held.closes_at = min(held.closes_at or now + COOLING_OFF, now + COOLING_OFF)
        held.save(update_fields=["closes_at"])
        _journal_event(held, by, "sheet_closing_confirmed")
    return asked


def cancel(*, person: User, by: User) -> None:
    """Keep the vault: one agent is enough. Idempotent.

    It is erased on the date of its sheet again, and not before the time that it takes to print another one. A date
    before that of the sheet is a closing's, also if the database has lost its row.

    Raises:
        PermissionDenied, Begun: as `ask`.
    """
    perms.require_desk(by)
    with transaction.atomic():
        held = _locked(person)
        require_not_begun(held)
        now = timezone.now()
        sheet = Sheet.objects.filter(person=held).first()
        of_sheet = sheet.expires_at + LATE if sheet else now
        closes_at = held.closes_at or of_sheet
        if not end_closings(person=held, by=by) and closes_at >= of_sheet:
            return
        held.closes_at = max(closes_at, of_sheet, now + WITHOUT_A_SHEET)
        held.save(update_fields=["closes_at"])
        _journal_event(held, by, "sheet_closing_cancelled")


def _may_decide(agent: User) -> bool:
    return perms.keeps_desk(agent) and ACTS["close_with_sheet"].lack(agent) is None


def _locked(person: User) -> User:
    held = User.objects.select_for_update().get(pk=person.pk)
    if not held.is_resident or not held.is_active or perms.can_sign_in(held):
        raise PermissionDenied
    return held


def _journal_event(person: User, by: User, event: str) -> None:
    journal.write(
        resident_id=person.pk,
        actor_id=by.pk,
        event=event,
        purpose=CLOSE,
        details={"recipient": by.name},
        means=journal.Means.DESK,
    )
