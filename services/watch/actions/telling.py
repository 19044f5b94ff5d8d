"""Tell residents what their watch found, and ask thirty days later. Each message leaves once.

The state before a message is committed first. A worker that is killed then leaves a message that may have left: it is
not sent again, and the home page says what there is. A mail server that refuses is no such doubt: the message is tried
again.

Whether an aid is a discreet one, about which no message is sent, is read in its sealed note, under the grant and with
an entry: no column tells it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from core import rows
from core.journal import checkpoints
from core.messages.mails import NotSent
from core.models.rows import Forged, check
from services.watch import across
from services.watch.actions import findings
from services.watch.enums import State
from services.watch.models import Finding
from vault.records import gate

logger = logging.getLogger(__name__)

#: After so long, the worker that was sending a message is dead.
MIDWAY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Step:
    """A message: the state it starts from, those while and after it is sent, and the column of its date."""

    first: State
    under_way: State
    last: State
    column: str
    template: str


TELL: Final = Step(State.FOUND, State.TELLING, State.TOLD, "told_at", "watch/email/found")
ASK: Final = Step(State.TOLD, State.ASKING, State.ASKED, "asked_at", "watch/email/asked")


def tell() -> int:
    """Send what is due: one message to a resident, however many findings. Return how many residents were told.

    While only residents may read, as `evaluating.look`, nothing is sent.
    """
    now = timezone.now()
    for resident_id in across.residents_left_midway(before=now - MIDWAY):
        _guarded(_end_midway, resident_id)
    if not checkpoints.anchored():
        return 0
    return sum(
        _guarded(_say, resident_id, step)
        for step in (TELL, ASK)
        for resident_id in across.residents_to_tell(step.first, by=now)
    )


def _guarded(act, resident_id: UUID, *more: Step) -> int:  # type: ignore[no-untyped-def]
    try:
        return int(act(resident_id, *more))
    except Forged as forged:
        rows.report(forged)
    except Exception:
        logger.exception("what a watch found could not be told")
    return 0


def _say(resident_id: UUID, step: Step) -> bool:
    taken = _move(resident_id, step, step.first, step.under_way)
    if not taken:
        return False
    try:
        if _is_to_say(resident_id, taken):
            reminding.remind(user_id=resident_id, template=step.template, counted=False)
    except (NotSent, gate.Refused):
        _move(resident_id, step, step.under_way, step.first, only=taken)
        return False
    _move(resident_id, step, step.under_way, step.last, only=taken)
    return True


def _is_to_say(resident_id: UUID, taken: Sequence[UUID]) -> bool:
    """Return whether a message is sent about these findings, with one entry.

    Raises:
        gate.Refused: the grant was stopped or paused meanwhile.
    """
    with scope(resident=resident_id):
        found = list(Finding.objects.filter(pk__in=taken).select_related("watch__grant"))
    grant = found[0].watch.grant if found else None
    if grant is None:
        return False
    notes = {one.note_place: bytes(one.content) for one in found}
    opened = gate.granted_notes(grant=grant, notes=notes, event="watch_told")
    return any(not findings.is_discreet(note["code"]) for note in opened.values())


def _move(resident_id: UUID, step: Step, first: State, then: State, only: Sequence[UUID] | None = None) -> list[UUID]:
    """Move the resident's findings to another state, in a transaction of its own. Return their ids."""
    now = timezone.now()
    with transaction.atomic(durable=True), scope(resident=resident_id):
        found = Finding.objects.filter(state=first).select_for_update(skip_locked=only is None)
        if only is not None:
            found = found.filter(pk__in=only)
        elif first == State.TOLD:
            found = found.filter(asks_on__lte=timezone.localdate(now))
        rows_ = list(found)
        check(*rows_)
        for one in rows_:
            one.state = then
            if then == step.under_way:
                setattr(one, step.column, now)
            elif then == step.first:
                setattr(one, step.column, None)
            one.save(update_fields=["state", step.column])
    return [one.pk for one in rows_]


def _end_midway(resident_id: UUID) -> bool:
    before = timezone.now() - MIDWAY
    with transaction.atomic(durable=True), scope(resident=resident_id):
        for step in (TELL, ASK):
            late = {f"{step.column}__lte": before}
            for one in Finding.objects.filter(state=step.under_way, **late).select_for_update():
                check(one)
                one.state = step.last
                one.save(update_fields=["state"])
    return True
