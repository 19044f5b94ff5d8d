"""Copy and erase a leaving resident's watch. Its grant ends first, so nothing is read any more."""

from collections.abc import Iterator
from uuid import UUID

from core import leaving
from core.leaving import Copying, Entry, Rows
from services.watch.models import Finding, Objection, Watch
from vault.records.copies.copy_files import table

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
WORK = "marks for the workers: when to look, and what the law was"

ROWS = [
    Rows(
        "watch.Watch",
        copied="grant_id content checked_at",
        erased={"id resident_id created_at": NUMBER, "version due_at changes law taken_until": WORK},
    ),
    Rows(
        "watch.Finding",
        copied="state content found_at told_at seen_at asks_on asked_at answered_at",
        erased={"id resident_id created_at watch_id": NUMBER, "version": "counts writings, for the seal"},
    ),
    Rows("watch.Objection", copied="objected_at", erased={"id resident_id created_at": NUMBER}),
]


def copy(copying: Copying) -> Iterator[Entry]:
    yield table("veille.json", (_watch(row, copying) for row in Watch.objects.all()))
    yield table(
        "veille_changements.json",
        (
            leaving.export_row(row, content=copying.unseal(row.content, f"note|{row.note_place}"))
            for row in Finding.objects.order_by("found_at")
        ),
    )
    yield table("refus_de_recherche.json", map(leaving.export_row, Objection.objects.all()))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Finding, Watch, Objection)


def _watch(row: Watch, copying: Copying) -> dict[str, object]:
    content = copying.unseal(row.content, f"note|{row.note_place}") if row.content else {}
    return leaving.export_row(row, content=content)


APP = leaving.App("watch", ROWS, level=44, copy=copy, erase=erase)
