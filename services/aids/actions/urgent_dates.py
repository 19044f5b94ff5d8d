"""When a resident's urgent situations happened, kept for them alone.

A reader of the database learns neither which situation nor when: one sealed row of one size holds them all, and no
column, message or title depends on them. That is why no situation sends a message: the row of a discreet one, alone
without messages, would tell itself.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import canonical, journal
from core.models.rows import check
from services.aids import shipping
from services.aids.models import UrgentDates
from vault.records import gate
from vault.records.actions import seal_note
from vault.records.actions.notes import unseal_note

#: Says nothing of what happened: whoever looks over a shoulder reads the journal too.
PURPOSE: Final = gettext_noop("Compter des délais")
#: What the sealed note measures, whatever it says; doubled until it holds all of it, if the city has many situations.
SIZE: Final = 8192

Told = Mapping[str, Mapping[str, date]]


def note(*, resident_id: UUID, by: UUID, code: str, days: Mapping[str, date]) -> None:
    """Keep the days of one situation, in place of those told before.

    Raises:
        PermissionDenied: `by` is somebody else.
    """
    _change(resident_id, by, code, {event: day.isoformat() for event, day in days.items()}, "dates_told")


def forget(*, resident_id: UUID, by: UUID, code: str) -> None:
    """Erase the days of one situation at once. The row goes with the last of them. Raises as `tell`."""
    _change(resident_id, by, code, {}, "dates_forgotten")


def noted(*, resident_id: UUID) -> dict[str, dict[str, date]]:
    """Return the days of each situation, by event, through the gate with one entry; without a row, nothing is read."""
    with scope(resident=resident_id):
        row = UrgentDates.objects.first()
        if row is None:
            return {}
        check(row)
    note = gate.own_note(
        resident_id=resident_id,
        purpose=PURPOSE,
        place=row.note_place,
        content=bytes(row.content),
        event="dates_opened",
    )
    return {
        code: {event: date.fromisoformat(day) for event, day in days.items()} for code, days in note["told"].items()
    }


def concern(*, resident_id: UUID, aids: Collection[str]) -> bool:
    """Return whether one of these aids may help in a situation that the resident dated."""
    found = noted(resident_id=resident_id)
    if not found:
        return False
    rows = [row for code in found if (row := shipping.urgent_situation(code))]
    return any(set(row.rules["dossiers"]) & set(aids) for row in rows)


def _change(resident_id: UUID, by: UUID, code: str, days: Mapping[str, str], event: str) -> None:
    if by != resident_id:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=resident_id):
        journal.write(resident_id=resident_id, actor_id=by, event=event, purpose=PURPOSE)
        row = UrgentDates.objects.select_for_update().first()
        kept = _opened(row) if row else {}
        kept = {name: one for name, one in {**kept, code: dict(days)}.items() if one}
        if not kept:
            if row is not None:
                row.delete()
            return
        row = row or UrgentDates(resident_id=resident_id)
        row.version += 1
        row.content = seal_note(resident_id=resident_id, place=row.note_place, note=padded(kept))
        row.save()


def _opened(row: UrgentDates) -> dict[str, dict[str, str]]:
    check(row)
    note = unseal_note(resident_id=row.resident_id, place=row.note_place, content=bytes(row.content))
    found: dict[str, dict[str, str]] = note["told"]
    return found


def padded(kept: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the note, of `SIZE` bytes once encoded, or of the least double that holds it."""
    note: dict[str, Any] = {"told": {code: dict(days) for code, days in kept.items()}, "pad": ""}
    said, size = len(canonical.encode(note)), SIZE
    while size < said:
        size *= 2
    return {**note, "pad": " " * (size - said)}
