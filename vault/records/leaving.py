"""Records, papers and grants when their resident leaves: the files of the copy, and the rows to erase."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django_scopes import scope

from core import leaving, rows
from core.journal import heads
from core.leaving import Copying, Entry, Rows
from core.models.rows import Forged, check
from vault import types
from vault.records import gate
from vault.records.actions import exports, grants
from vault.records.actions.records import one_at_a_time
from vault.records.copies.copy_files import chunks, lines, opened, safe_name, table
from vault.records.grants import receipts
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import (
    Brought,
    Draft,
    Export,
    Grant,
    GrantDocument,
    GrantEvent,
    GrantField,
    GrantPaper,
    GrantReading,
    GrantWrite,
    Paper,
    PaperFile,
    Record,
)

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
OWNER = "the resident's number: the whole copy is theirs"
WRITTEN = "counts writings, for the seal"
FORM = "distinguishes a form sent twice from two forms"
SENTENCE = "when a reminder was sent"

ROWS = [
    Rows(
        "records.Record",
        copied="id created_at type type_version subject_person subject_role period_start period_end valid_from"
        " valid_until holder method assurance retrieved_at issued_at supersedes_id paper_id withdrawn_at content",
        erased={"resident_id": OWNER},
    ),
    Rows(
        "records.Paper",
        copied="id created_at kind state issued_on expires_on replaces_id kept_at content",
        erased={"resident_id": OWNER, "token": FORM, "told_at": SENTENCE, "version": WRITTEN},
    ),
    Rows(
        "records.PaperFile",
        copied="id position size waiting",
        erased={
            "resident_id created_at paper_id": OWNER,
            "stored_name": "where the sealed file lay; the file itself is in the copy",
        },
    ),
    Rows(
        "records.Grant",
        copied="id created_at recipient_kind recipient_label recipient_name subject_id agreement purpose"
        " mode keep_days once at_most_every channel notice_version notice_hash snapshot language starts_at ends_at"
        " paused_at last_used_at stopped_at taken_away",
        erased={"resident_id": OWNER, "recipient_id": "another person's number here; their name stands beside"},
    ),
    Rows("records.GrantField", copied="field required", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows(
        "records.GrantEvent",
        copied="id happened at ends_at receipt lines",
        erased={"resident_id created_at grant_id": NUMBER},
    ),
    Rows(
        "records.GrantReading",
        copied="at line fields paper_kind",
        erased={"id resident_id created_at grant_id person visit": NUMBER},
    ),
    Rows("records.GrantDocument", copied="document_id", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows("records.GrantWrite", copied="type", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows("records.GrantPaper", copied="paper_id", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows(
        "records.Draft",
        copied="id created_at type person role paper_id updated_at content",
        erased={"resident_id": OWNER, "version": WRITTEN},
    ),
    Rows(
        "records.Brought",
        copied="id created_at content",
        erased={
            "resident_id": OWNER,
            "manifest_sha256 stored_name size": "the file itself is in the copy, and has its own manifest",
        },
    ),
    Rows(
        "records.Export",
        erased={"id resident_id created_at job_id stored_name length made_at expires_at": "the copy itself"},
    ),
    Rows("records.PaperKind", nobody="kinds of paper, the same for all"),
    Rows("records.Holder", nobody="organisations, the same for all"),
]


def copy(copying: Copying) -> Iterator[Entry]:
    """Yield the files of the copy. Call it in the resident's scope."""
    yield Entry("valeurs.jsonl", lines(_records(copying)))
    yield from _schemas()
    yield from _papers(copying)
    yield Entry("cles-publiques.json", [_public_keys()])
    yield table("brouillons.json", _drafts(copying))
    yield from _brought(copying)


def _drafts(copying: Copying) -> Iterator[dict[str, Any]]:
    for row in Draft.objects.all():
        check(row)
        yield leaving.export_row(row, content=copying.unseal(row.content, row.place))


def grant_row(grant: Grant, copying: Copying) -> dict[str, Any]:
    """Return a grant as a row of the copy.

    The app that registers its recipient adds its own data (`partages.json`).
    """
    events = list(grant.events.all())
    check(*events)
    return leaving.export_row(
        grant,
        snapshot=copying.unseal(grant.snapshot, f"note|{grant.place}") if grant.snapshot else {},
        fields=list(map(leaving.export_row, grant.fields.order_by("field"))),
        events=[leaving.export_row(event, receipt=grants.receipt(event)) for event in events],
        recipient_name=recipient_name(grant) if grant.recipient_name else "",
        readings=list(map(leaving.export_row, grant.readings.all())),
        papers=list(map(leaving.export_row, grant.papers.all())),
        writes=list(map(leaving.export_row, grant.writes.all())),
        documents=list(map(leaving.export_row, grant.documents.all())),
    )


def stop(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        standing = list(Grant.objects.standing())
    rows.each(_stop, standing)


def _stop(grant: Grant) -> bool:
    return grants.stop(grant=grant, by=grant.resident_id).stopped_at is not None


def hold(resident_id: UUID) -> None:
    """Lock the grants, then the values. When this returns, every read under a grant has finished."""
    with scope(resident=resident_id):
        gate.lock_exclusively(Grant.objects.all())
    one_at_a_time(resident_id)


def erase(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        Record.objects.update(supersedes=None)
    leaving.delete_rows(
        resident_id, Draft, Record, GrantDocument, GrantPaper, GrantWrite, GrantReading, GrantEvent, GrantField, Grant
    )
    leaving.delete_rows(resident_id, PaperFile, Paper, Brought, Export)


def _records(copying: Copying) -> Iterator[dict[str, Any]]:
    """Yield the records, also those that ended.

    Raises:
        Forged: one that had ended would be copied as a current one.
    """
    over = heads.ended(copying.resident_id)
    replaced = set(Record.objects.exclude(supersedes=None).values_list("supersedes_id", flat=True))
    for record in Record.objects.order_by("created_at", "pk").iterator(500):
        if over.has(record.pk) and record.withdrawn_at is None and record.pk not in replaced:
            raise Forged(record)
        yield _record(record, copying)


def _record(record: Record, copying: Copying) -> dict[str, Any]:
    """Return the envelope (types/record-1.0.0.json), and what the vault adds to it: the origin of each field, the
    withdrawal.
    """
    check(record, ended=True)
    content = copying.unseal(record.content, record.place, record.first_place)
    row = leaving.export_row(record, content=None)
    envelope = {
        "id": row["id"],
        "type": record.type,
        "type_version": record.type_version,
        "subject": {"person": row["subject_person"], "role": record.subject_role},
        "period": _kept(start=row["period_start"], end=row["period_end"]),
        "validity": _kept(**{"from": row["valid_from"], "until": row["valid_until"]}),
        "supersedes": row["supersedes_id"],
        "payload": content["payload"],
        "provenance": {
            **_kept(**content.get("proof", {})),
            "holder": record.holder,
            "method": record.method,
            "assurance": record.assurance,
            "retrieved_at": row["retrieved_at"],
            "issued_at": row["issued_at"],
            "quality": content.get("quality", []),
        },
    }
    more = {"paper": row["paper_id"], "origins": content.get("origins", {})}
    return {
        "record": _kept(**envelope),
        "vault": more | {"created_at": row["created_at"], "withdrawn_at": row["withdrawn_at"]},
    }


def _kept(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {})}


def _schemas() -> Iterator[Entry]:
    """Yield the schemas of the versions in use, and the schema of the envelope."""
    used = Record.objects.order_by("type", "type_version").values_list("type", "type_version").distinct()
    names = ["record-1.0.0.json", *(f"{code}/{version}.json" for code, version in used)]
    for name in names:
        yield Entry(f"schemas/{name}", [(types.FOLDER / name).read_bytes()])


def _papers(copying: Copying) -> Iterator[Entry]:
    """Yield each original file, then the list with their hashes. A damaged file is listed without a path."""
    rows: list[dict[str, Any]] = []
    place, over = 0, heads.ended(copying.resident_id)
    for paper in Paper.objects.order_by("created_at", "pk"):
        if over.has(paper.pk):
            raise Forged(paper)
        content = copying.unseal(paper.content, paper.place)
        files = []
        for file in PaperFile.objects.filter(paper=paper):
            place += 1
            kept = leaving.export_row(file)
            named = content.get("sides", {}).get(str(file.pk), content)
            path = f"papiers/{place:04}-{safe_name(named['name'])}"
            digest = hashlib.sha256()
            original = opened(copying, file)
            if original is None:
                files.append(kept)
                continue
            yield Entry(path, _summed(chunks(original), digest.update), packed=False)
            files.append(kept | {"path": path, "sha256": digest.hexdigest()})
        rows.append(leaving.export_row(paper, content=content, files=files))
    yield Entry("papiers.jsonl", lines(rows))


def _summed(pieces: Iterable[bytes], update: Any) -> Iterator[bytes]:  # noqa: ANN401 - a hash's own method
    for piece in pieces:
        update(piece)
        yield piece


def _brought(copying: Copying) -> Iterator[Entry]:
    """Yield the copies that the resident had brought from elsewhere, as received."""
    rows = []
    for place, row in enumerate(Brought.objects.all(), 1):
        path = f"apporte/{place:02}.zip"
        yield Entry(path, chunks(copying.open(row)), packed=False)
        rows.append(leaving.export_row(row, content=copying.unseal(row.content, f"note|{row.place}"), path=path))
    if rows:
        yield table("apporte.json", rows)


def _public_keys() -> bytes:
    """Return the public keys of the receipts, so that they verify without this portal. There may be none yet."""
    try:
        found = receipts.published()
    except receipts.NoKey:
        found = {"keys": []}
    return json.dumps(found, indent=1).encode()


APP = leaving.App("records", ROWS, level=30, copy=copy, stop=stop, hold=hold, erase=erase, purge=exports.purge)
