"""Copy and erase a leaving resident's requests. Their grants end first, so the offices read nothing more."""

from collections.abc import Iterator
from uuid import UUID

from core import leaving
from core.leaving import Copying, Entry, Rows
from services.requests.models import Correction, Letter, OutsideRequest, RequestEvent, SentRequest
from vault.records.copies.copy_files import chunks, opened, table

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
WRITTEN = "counts writings, for the seal; tells a form sent twice from two forms"
STAFF = "agents of the city: the timeline has their names"

ROWS = [
    Rows(
        "requests.SentRequest",
        copied="id number dossier_id aids title organisation_id grant_id state sent_at keep_until stopped_days"
        " stopped_since due_on content proposal decision decided_at ends_on",
        erased={
            "resident_id created_at": NUMBER,
            "token content_version decision_version codes silence_told_at renewal_told_at": WRITTEN,
            "instructor_id proposed_by_id decided_by_id": STAFF,
        },
    ),
    Rows(
        "requests.Correction",
        copied="request_id line fault message asked_at answer_by answered_at",
        erased={"id resident_id created_at": NUMBER, "asked_by_id": STAFF},
    ),
    Rows(
        "requests.RequestEvent",
        copied="request_id happened at agent",
        erased={"id resident_id created_at": NUMBER},
    ),
    Rows(
        "requests.Letter",
        copied="request_id kind",
        erased={"id resident_id created_at": NUMBER, "stored_name size": "the file itself is in the copy"},
    ),
    Rows(
        "requests.OutsideRequest",
        copied="dossier_id aids sent_on asked_on supplied_on answered_on answer ends_on due_on content",
        erased={"id resident_id created_at": NUMBER, "token version told_at renewal_told_at": WRITTEN},
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    yield table("demandes_envoyees.json", (_request(row, copying) for row in SentRequest.objects.order_by("sent_at")))
    yield table(
        "demandes_corrections.json",
        (
            leaving.export_row(row, message=copying.unseal(row.message, f"note|{row.note_place}")["message"])
            for row in Correction.objects.order_by("asked_at")
        ),
    )
    yield table("demandes_etapes.json", map(leaving.export_row, RequestEvent.objects.order_by("at")))
    yield table(
        "demandes_ailleurs.json",
        (
            leaving.export_row(row, content=copying.unseal(row.content, f"note|{row.note_place}"))
            for row in OutsideRequest.objects.order_by("sent_on")
        ),
    )
    written = []
    for row in Letter.objects.select_related("request").order_by("created_at"):
        file = opened(copying, row)
        if file is not None:
            path = f"demandes/{row.request.number}-{row.kind}.pdf"
            written.append(leaving.export_row(row, path=path))
            yield Entry(path, chunks(file), packed=False)
    yield table("demandes_lettres.json", iter(written))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Letter, RequestEvent, Correction, SentRequest, OutsideRequest)


def _request(row: SentRequest, copying: Copying) -> dict[str, object]:
    content = copying.unseal(row.content, f"note|{row.note_place}") if row.content is not None else {}
    decision = copying.unseal(row.decision, f"note|{row.decision_place}") if row.decision is not None else {}
    return leaving.export_row(row, content=content, decision=decision)


APP = leaving.App("requests", ROWS, level=42, copy=copy, erase=erase)
