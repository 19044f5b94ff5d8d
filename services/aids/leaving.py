"""Copy the dates that a leaving resident told, and erase them with their kept run.

What was computed of a kept run is a vault record, which the copy has.
"""

from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from core import leaving
from core.leaving import Copying, Entry, Rows
from services.aids import across
from services.aids.models import KeptRun, UrgentDates
from vault.records.copies.copy_files import table

PUBLIC = "the city's own aids and urgent situations, the same for all"
ROWS = [
    *(Rows(f"aids.{name}", nobody=PUBLIC) for name in ("LocalAid", "LocalAidCase", "LinkState", "UrgentSituation")),
    Rows(
        "aids.KeptRun",
        erased={
            "id resident_id created_at": "the resident's number and the row's own: they mean nothing without the row",
            "made_at version": "when it was written, for the purge and the seal",
            "content": "the engine's working figures: what they gave is calcul.resultat, which is copied",
        },
    ),
    Rows(
        "aids.UrgentDates",
        copied="content",
        erased={
            "id resident_id created_at": "the resident's number and the row's own: they mean nothing without the row",
            "version": "counts writings, for the seal",
        },
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    notes = (copying.unseal(row.content, f"note|{row.note_place}") for row in UrgentDates.objects.all())
    yield table("dates.json", ({"content": note["told"]} for note in notes))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, KeptRun, UrgentDates)


def purge() -> None:
    """Delete the runs of months gone by: their mark names the month, so no page shows them any more."""
    across.delete_kept_runs(before=timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0))


APP = leaving.App("aids", ROWS, level=40, copy=copy, erase=erase, purge=purge)
