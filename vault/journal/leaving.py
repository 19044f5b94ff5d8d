"""Copy and erase a resident's journal, alerts and contests when they leave the portal."""

from collections.abc import Iterator
from uuid import UUID

from core import leaving
from core.leaving import Copying, Entry, Rows
from vault.journal import copies
from vault.journal.actions import journal
from vault.journal.models import Alerts, Contest
from vault.records.copies.copy_files import note, table

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
OWNER = "the resident's number: the whole copy is theirs"

ROWS = [
    Rows(
        "journal.Alerts",
        copied="readings refusals told_at ageing_told_at",
        erased={"id resident_id created_at seen_number": NUMBER},
    ),
    Rows(
        "journal.Contest",
        copied="id created_at number due_on answered_at withdrawn_at content",
        erased={
            "resident_id": OWNER,
            "entry_id told_at version": NUMBER,
            "answered_by": "the delegate's own number; who answers is a function",
        },
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    yield Entry("journal.json", copies.pieces(copying.resident_id))
    yield table(
        "contestations.json", (leaving.export_row(row, content=note(row, copying)) for row in Contest.objects.all())
    )
    yield table("alertes.json", map(leaving.export_row, Alerts.objects.all()))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Contest, Alerts)


APP = leaving.App("journal", ROWS, level=34, copy=copy, erase=erase, purge=journal.purge)
