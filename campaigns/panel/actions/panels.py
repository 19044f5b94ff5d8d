"""A panel from its announcement to its end: frozen at the minute, drawn by a checkpoint, filled, deleted.

Each step of the calendar is idempotent, in one transaction under the panel's lock: a worker that is killed leaves the
step whole or not begun, and the next one draws the same.
"""

import logging
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import reminding
from accounts.models import Membership, Organisation, PendingAccount, User
from accounts.two_persons import find_account_makers
from campaigns.panel import across, draw, perms, standing
from campaigns.panel.draw import Drawn
from campaigns.panel.enums import (
    FEWEST_SEATS,
    HANDOVER,
    LONGEST_NOTICE,
    LONGEST_TERM,
    MOST_SEATS,
    SHORTEST_NOTICE,
    State,
)
from campaigns.panel.models import Association, Panel, Volunteer
from core.database import locks
from core.journal import register, signed_notes
from core.messages import mails
from core.models import Checkpoint

logger = logging.getLogger(__name__)

KIND = "panel"
#: Of the lock under which panels are announced: one at a time.
ANNOUNCING = UUID(int=0)


class NotNow(Exception):
    """Another panel is announced or sits, or the association is named already."""


def announce(*, by: User, seats: int, draws_at: datetime, ends_on: date, now: datetime | None = None) -> Panel:
    """Announce a draw: its seats, its minute and the last day, which never change.

    Raises:
        PermissionDenied: `by` is no agent.
        ValueError: seats, minute or last day out of bounds.
        NotNow: a draw is announced already, or the panel that sits ends more than a month after this one.
    """
    perms.require_agent(by)
    now = now or timezone.now()
    if problems(seats=seats, draws_at=draws_at, ends_on=ends_on, now=now):
        raise ValueError("out of bounds")
    with transaction.atomic():
        locks.hold(KIND, ANNOUNCING)
        before = standing.sitting(now)
        too_early = before and before.entries and timezone.localdate(draws_at) < before.ends_on - HANDOVER
        if too_early or standing.announced():
            raise NotNow
        last = Panel.objects.aggregate(last=Max("number"))["last"] or 0
        made = Panel.objects.create(number=last + 1, seats=seats, draws_at=draws_at, ends_on=ends_on, created_by=by)
        _note(made, "panel_announced", {})
    return made


def problems(*, seats: int, draws_at: datetime, ends_on: date, now: datetime) -> list[str]:
    """Return the fields whose value is out of bounds, or an empty list."""
    day = timezone.localdate(draws_at)
    found = [] if FEWEST_SEATS <= seats <= MOST_SEATS else ["seats"]
    is_minute = draws_at.second == draws_at.microsecond == 0
    found += [] if is_minute and now + SHORTEST_NOTICE <= draws_at <= now + LONGEST_NOTICE else ["day"]
    return found + ([] if day < ends_on <= day + LONGEST_TERM else ["ends_on"])


def name_association(*, panel: Panel, organisation: Organisation, by: User) -> Association:
    """Name an organisation beside a panel, until its last day.

    Raises:
        PermissionDenied: `by` is no agent, or offered an account that was opened there, or to somebody who ever wrote
            for it.
        NotNow: named already, closed, without anybody who writes for it, or the panel has ended.
    """
    perms.require_agent(by)
    places = Membership.objects.filter(organisation=organisation).select_related("person")
    opened = PendingAccount.objects.filter(organisation=organisation, offered_by=by, opened_at__isnull=False)
    if opened.exists() or by in find_account_makers(*(one.person for one in places)):
        raise PermissionDenied
    has_people = Membership.objects.current().filter(organisation=organisation).exists()
    with transaction.atomic():
        locks.hold(KIND, panel.pk)
        held = Panel.objects.get(pk=panel.pk)
        named = held.associations.filter(organisation=organisation).exists()
        if named or held.ended_at or not has_people:
            raise NotNow
        made = Association.objects.create(panel=held, organisation=organisation, by=by)
        _note(held, "panel_association_named", {"organisation": organisation.name})
    return made


def freeze(*, panel_id: UUID, now: datetime) -> bool:
    """Freeze the list of numbers once its minute has come, under an entry of the register. Return whether it was."""
    with transaction.atomic():
        locks.hold(KIND, panel_id)
        held = Panel.objects.get(pk=panel_id)
        if held.frozen_at is not None or now < held.draws_at:
            return False
        held.frozen_at, held.entries = now, across.genuine(held)
        held.checkpoint = Checkpoint.objects.aggregate(last=Max("number"))["last"] or 0
        held.entry = _note(held, "panel_frozen", {"volunteers": len(held.entries), "sha256": held.sha256})
        held.save(update_fields=["frozen_at", "entries", "checkpoint", "entry"])
    return True


def draw_members(*, panel_id: UUID, now: datetime) -> bool:
    """Draw by the first checkpoint after the minute that signs the frozen list. Return whether it was drawn now."""
    with transaction.atomic():
        locks.hold(KIND, panel_id)
        held = Panel.objects.get(pk=panel_id)
        found = _seed(held, held.entry) if held.entry is not None and held.drawn_at is None else None
        if found is None:
            return False
        held.drawn_at, held.note, held.before = now, found.note, found.before
        held.save(update_fields=["drawn_at", "note", "before"])
        _note(held, "panel_drawn", {"seed": found.seed})
    return True


def fill(*, panel_id: UUID, now: datetime) -> int:
    """Call the next numbers to the seats that are vacant, also of who did not answer in time. Return how many."""
    with transaction.atomic():
        locks.hold(KIND, panel_id)
        held = Panel.objects.get(pk=panel_id)
        if not held.sits(now):
            return 0
        for one in held.volunteers.filter(state=State.CALLED).select_for_update():
            if one.is_late(now):
                one.write(state=State.LAPSED)
        called = standing.next_ones(held)
        for number in called:
            Volunteer.objects.create(panel=held, number=number, state=State.CALLED, called_at=now)
        if called:
            _note(held, "panel_called", {"numbers": called})
    return len(called)


def tell(*, panel_id: UUID) -> int:
    """E-mail whoever was called and was not told. Return how many messages left."""
    sent = 0
    for one in Volunteer.objects.filter(panel_id=panel_id, state=State.CALLED, told_at=None):
        owner = across.owner(one.panel, one.number)
        try:
            sent += bool(owner and reminding.remind(user_id=owner, template="panel/email/called", asked=True))
        except mails.NotSent:
            return sent
        Volunteer.objects.filter(pk=one.pk).update(told_at=timezone.now())
    return sent


def end(*, panel_id: UUID, now: datetime) -> bool:
    """Delete, after the last day, all that leads to a person. Opinions, answers and the draw stay."""
    with transaction.atomic():
        locks.hold(KIND, panel_id)
        held = Panel.objects.get(pk=panel_id)
        if held.ended_at is not None or held.drawn_at is None or timezone.localdate(now) <= held.ends_on:
            return False
        across.forget(held)
        held.volunteers.all().delete()
        held.associations.all().delete()
        held.ended_at = now
        held.save(update_fields=["ended_at"])
        _note(held, "panel_ended", {})
    return True


def follow(now: datetime) -> None:
    """Take each step whose time has come, of every panel that has not ended."""
    for panel in Panel.objects.filter(ended_at=None).order_by("number"):
        freeze(panel_id=panel.pk, now=now)
        draw_members(panel_id=panel.pk, now=now)
        fill(panel_id=panel.pk, now=now)
        tell(panel_id=panel.pk)
        end(panel_id=panel.pk, now=now)


def _seed(panel: Panel, entry: int) -> Drawn | None:
    """Return the seed of a frozen panel, once its checkpoint is copied outside the database; None before.

    The times are those that the notes sign. A checkpoint that is missing, forged or out of the chain gives no seed.
    """
    found = _first(panel, entry)
    if found is None:
        return None
    before = Checkpoint.objects.filter(number__lt=found.number).order_by("-number").first()
    drawn = Drawn(found.note, before.note if before else "")
    try:
        is_first = draw.is_first(drawn, draws_at=panel.draws_at, entry=entry)
    except signed_notes.Forged:
        is_first = False
    if not is_first:
        logger.error("no checkpoint can be the seed of a panel's draw", extra={"code": str(panel.pk)})
    return drawn if is_first and found.anchored_at else None


def _first(panel: Panel, entry: int) -> Checkpoint | None:
    """Return the first checkpoint since the freeze that may be the seed, or one that is not genuine."""
    for one in Checkpoint.objects.filter(number__gt=panel.checkpoint).order_by("number"):
        try:
            statement = signed_notes.read(one.note)
        except signed_notes.Forged:
            return one
        if draw.may_be_seed(statement, draws_at=panel.draws_at, entry=entry):
            return one
    return None


def _note(panel: Panel, event: str, content: dict[str, Any]) -> int:
    """Write the register's entry, which names no resident. Return its number."""
    about = {
        "panel": panel.number,
        "seats": panel.seats,
        "draws_at": panel.draws_at.isoformat(timespec="seconds"),
        "ends_on": panel.ends_on.isoformat(),
    }
    return register.write(kind=KIND, subject_id=panel.pk, event=event, content=about | content).number
