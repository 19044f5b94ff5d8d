"""Erase a leaving resident's kept run. What was computed of it is a vault record, which the copy has."""

from uuid import UUID

from django.utils import timezone

from core import leaving
from core.leaving import Rows
from services.aids import across
from services.aids.models import KeptRun

PUBLIC = "the city's own aids, the same for all"
ROWS = [
    *(Rows(f"aids.{name}", nobody=PUBLIC) for name in ("LocalAid", "LocalAidCase", "LinkState")),
    Rows(
        "aids.KeptRun",
        erased={
            "id resident_id created_at": "the resident's number and the row's own: they mean nothing without the row",
            "made_at version": "when it was written, for the purge and the seal",
            "content": "the engine's working figures: what they gave is calcul.resultat, which is copied",
        },
    ),
]


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, KeptRun)


def purge() -> None:
    """Delete the runs of months gone by: their mark names the month, so no page shows them any more."""
    across.delete_kept_runs(before=timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0))


APP = leaving.App("aids", ROWS, level=40, erase=erase, purge=purge)
