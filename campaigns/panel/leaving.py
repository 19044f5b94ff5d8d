"""Leaving: an entry is erased, and the seat goes to the next number. Published opinions stay, without a way back."""

from collections.abc import Iterator
from uuid import UUID

from django_scopes import scope

from campaigns.panel.actions import volunteers
from campaigns.panel.actions.panels import KIND
from campaigns.panel.models import Entry, Panel
from core import leaving
from core.database import locks
from core.leaving import Copying, Rows
from core.leaving import Entry as File
from vault.records.copies.copy_files import table

PUBLIC = "public, and leads to no account"

ROWS = [
    *(Rows(f"panel.{name}", nobody=PUBLIC) for name in ("Panel", "Volunteer", "Association", "Referral")),
    *(Rows(f"panel.{name}", nobody=PUBLIC) for name in ("Opinion", "Answer")),
    Rows(
        "panel.Entry",
        copied="id created_at panel_id number",
        erased={"resident_id": "the vault itself", "person": "only the portal can read it"},
    ),
]


def copy(copying: Copying) -> Iterator[File]:
    """Yield the panels for which the resident volunteered, and their numbers."""
    rows = [leaving.export_row(row) for row in Entry.objects.order_by("created_at")]
    yield table("panel.json", iter(rows))


def hold(resident_id: UUID) -> None:
    """Take the locks of the resident's panels, as their verbs do: no list is frozen meanwhile."""
    with scope(resident=resident_id):
        for panel_id in Entry.objects.order_by("panel_id").values_list("panel_id", flat=True):
            locks.hold(KIND, panel_id)


def erase(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        for entry in Entry.objects.all():
            volunteers.leave(entry, Panel.objects.get(pk=entry.panel_id))


APP = leaving.App("panel", ROWS, level=80, copy=copy, hold=hold, erase=erase)
