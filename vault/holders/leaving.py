"""Copy and erase a resident's connections and data requests when they leave the portal."""

from collections.abc import Iterator
from uuid import UUID

from core import leaving
from core.leaving import Copying, Entry, Rows
from vault.holders.models import Connection, DataRequest, LotLine, RequestPaper
from vault.records.copies.copy_files import note, table

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
OWNER = "the resident's number: the whole copy is theirs"
WRITTEN = "counts writings, for the seal"
FORM = "tells a form sent twice from two forms"
SENTENCE = "when a reminder was sent"

ROWS = [
    Rows(
        "holders.Connection",
        copied="id created_at connector holder state datasets unattended expires_on last_success_at last_try_at",
        erased={
            "resident_id": OWNER,
            "problem failures unfinished next_pull_at version": "how far a machine was with it",
            "pairing": "a hash of a code that was given, or is of no use",
            "content": "the secret between the holder and the city; the data received is in the values",
        },
    ),
    Rows(
        "holders.DataRequest",
        copied="id created_at holder right sent_on due_on extended_on reminded_on complained_on answered_on answer "
        "content",
        erased={"resident_id": OWNER, "told_at": SENTENCE, "token": FORM, "version": WRITTEN},
    ),
    Rows(
        "holders.RequestPaper", erased={"id resident_id created_at request_id paper_id": "the letter lists its papers"}
    ),
    Rows("holders.Sender", nobody="a holder that the city lets send"),
    Rows("holders.Lot", nobody="a receipt of a holder's lot: numbers of lines, and no resident"),
    Rows(
        "holders.LotLine",
        erased={"id resident_id created_at lot_id number content outcome": "the values received are in the vault"},
    ),
    Rows("holders.ConnectorHealth", nobody="how an API treats the city"),
]


def copy(copying: Copying) -> Iterator[Entry]:
    yield table("demandes.json", (_request(row, copying) for row in DataRequest.objects.all()))
    yield table("connexions.json", map(leaving.export_row, Connection.objects.all()))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, RequestPaper, DataRequest, Connection, LotLine)


def _request(row: DataRequest, copying: Copying) -> dict[str, object]:
    return leaving.export_row(row, content=note(row, copying))


APP = leaving.App("holders", ROWS, level=32, copy=copy, erase=erase)
