"""Panels for tests: volunteers without vaults, a draw by a checkpoint that was signed just now."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django_scopes import scope

from campaigns.panel.actions import panels, volunteers
from campaigns.panel.enums import Kind
from campaigns.panel.models import Entry, Panel, Referral, Volunteer
from core.journal import register, signed_notes
from core.journal.signed_notes import Statement
from tests.accounts.factories import AgentFactory


def panel(**changes: Any) -> Panel:
    """Return a panel of five seats whose minute came two minutes ago, and that ends in half a year."""
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    told: dict[str, Any] = {
        "number": Panel.objects.count() + 1,
        "seats": 5,
        "draws_at": minute,
        "ends_on": timezone.localdate() + timedelta(days=180),
    }
    return Panel.objects.create(**(told | {"created_by": changes.pop("created_by", None) or AgentFactory()} | changes))


def entered(one: Panel, resident_id: Any = None, number: int = 0) -> Entry:
    """Put a volunteer on the list; without a resident, of somebody without a vault."""
    owner = resident_id or uuid4()
    with scope(resident=owner):
        made = Entry(resident_id=owner, panel=one, number=number or volunteers._free_number(one), person=uuid4().bytes)
        made.save(force_insert=True)
    return made


def frozen(one: Panel, more: int = 6) -> Panel:
    for _time in range(more):
        entered(one)
    assert panels.freeze(panel_id=one.pk, now=timezone.now())
    return Panel.objects.get(pk=one.pk)


def drawn(one: Panel, more: int = 6, *, called: bool = True) -> Panel:
    """Freeze and draw a panel with `more` volunteers without vaults, by a note that is in no table."""
    held = frozen(one, more)
    said = Statement(1, bytes(32), timezone.now(), signed_notes.NOTHING_BEFORE, register=register.head())
    held.drawn_at, held.note = timezone.now(), signed_notes.sign(said)
    held.save(update_fields=["drawn_at", "note"])
    if called:
        panels.fill(panel_id=held.pk, now=timezone.now())
    return held


def seated(resident: Any, more: int = 4, **changes: Any) -> Panel:
    """Return a panel that sits, where the resident has accepted."""
    one = panel(**changes)
    entered(one, resident.pk)
    held = drawn(one, more)
    volunteers.accept(resident_id=resident.pk, by=resident.pk, panel=held, name="")
    return held


def row(one: Panel, number: int) -> Volunteer:
    return Volunteer.objects.get(panel=one, number=number)


def number_of(one: Panel) -> int:
    """Return the number of the resident in scope."""
    return Entry.objects.get(panel=one).number


def referral(one: Panel, **changes: Any) -> Referral:
    told: dict[str, Any] = {
        "number": Referral.objects.count() + 1,
        "panel": one,
        "kind": Kind.LABEL,
        "subject_id": uuid4(),
        "title": "Thermolis",
        "title_en": "Thermolis",
        "question": "Ce service peut-il lire une facture ?",
        "last_day": timezone.localdate() + timedelta(days=20),
        "by": one.created_by,
    }
    return Referral.objects.create(**(told | changes))
