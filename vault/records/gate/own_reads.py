"""Reads of a vault by its resident."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django_scopes import scope

from core.files import resumable
from core.journal import heads
from core.keys import sealed
from core.keys.sealed import Unreadable
from core.models.rows import AuthenticatedRow, Forged, check
from core.telemetry import counters
from vault import types
from vault.records.gate.building import Decrypted, papers_named, paths_of, upload_opened, values_of
from vault.records.gate.copying import Opener
from vault.records.gate.decrypting import (
    decrypt_current,
    decrypt_loaded,
    decrypt_papers,
    decrypt_records,
    decrypted,
    enter,
    journalled,
    locked,
    require_known,
)
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import Grant, GrantReading, Paper, PaperFile, Record
from vault.records.values.decrypted import Opened, PaperOpened, UploadOpened, Values
from vault.types.spans import Span


def read_own(*, resident_id: UUID, purpose: str, fields: Sequence[str], event: str = "read") -> Values:
    """Return the resident's current values of `fields`, and of no other field. The entry names those of types that
    are there.
    """
    require_known(fields)
    with locked(resident_id) as box:
        values = _enter_and_decrypt(box, resident_id, event, purpose, fields)
    counters.add("garant_gate_reads_total", reader="own")
    return values


def _enter_and_decrypt(box: sealed.Box, resident_id: UUID, event: str, purpose: str, fields: Sequence[str]) -> Values:
    """Write the entry, which names the fields of the types of which there is a current record, then decrypt these."""
    found = list(Record.objects.current().filter(type__in=list(paths_of(fields))))
    held = {record.type for record in found}
    enter(box, resident_id, event, purpose, [one for one in fields if one.partition("#")[0] in held])
    return decrypt_loaded(resident_id, found, fields, box)


def read_own_with_note(
    *, resident_id: UUID, purpose: str, fields: Sequence[str], row: AuthenticatedRow, place: str, content: bytes
) -> tuple[Values, dict[str, Any]]:
    """Return the resident's current values of `fields`, and the note that a service keeps sealed beside them in `row`.

    It is one reading with one entry, the same as without a note.

    Raises:
        Forged: the portal did not write the row as it is, or its note was changed, or moved from another row.
    """
    require_known(fields)
    with locked(resident_id) as box:
        values = _enter_and_decrypt(box, resident_id, "read", purpose, fields)
        check(row, key=box.row_key)
        try:
            note: dict[str, Any] = box.unseal_json(content, place=f"note|{place}")
        except Unreadable:
            raise Forged(row) from None
    counters.add("garant_gate_reads_total", reader="own")
    return values, note


def own_received(*, resident_id: UUID, purpose: str, grant: Grant, readings: Sequence[GrantReading]) -> list[Values]:
    """Return what each reading of the resident's grant returned, as the values were then. Write one entry.

    A value that was being written during a reading may be missing, or may appear although it was not read.
    """
    fields = sorted({field_id for reading in readings for field_id in reading.fields})
    with journalled(resident_id, "received_read", purpose, fields, recipient=recipient_name(grant)) as box:
        until = max((reading.at for reading in readings), default=grant.starts_at)
        replaced_at = dict(Record.objects.exclude(supersedes=None).values_list("supersedes_id", "created_at"))
        records = Record.objects.filter(created_at__lte=until, type__in=list(paths_of(fields)))
        found = decrypted(records, box, replaced=replaced_at)
        return [values_of(_as_of(reading, found, replaced_at), paths_of(reading.fields), ()) for reading in readings]


def own_page(
    *, resident_id: UUID, purpose: str, record_ids: Sequence[UUID], codes: Collection[str], paper_ids: Sequence[UUID]
) -> tuple[Values, list[PaperOpened]]:
    """Return the records and papers of one page of the vault. Write one entry.

    Args:
        record_ids: current records of the types `codes`.
        paper_ids: these papers; the papers that prove the records are added.
    """
    fields = [field_id for code in sorted(codes) for field_id in types.fields_of(code)]
    with journalled(resident_id, "vault_read", purpose, fields) as box:
        heads.require_whole(resident_id, Record, Paper, PaperFile)
        paths = paths_of(fields)
        found = decrypted(Record.objects.current().filter(pk__in=record_ids, type__in=list(paths)), box)
        papers = list(Paper.objects.filter(pk__in={*paper_ids, *papers_named(found)}))
        return values_of(found, paths, {paper.pk for paper in papers if paper.expired}), decrypt_papers(
            papers, box, with_proofs=True
        )


def own_of_type(*, resident_id: UUID, purpose: str, type_code: str, during: Span[datetime] | None = None) -> Values:
    """Return the current records of one type; with `during`, the records that begin in that time."""
    fields = types.fields_of(type_code)
    with journalled(resident_id, "data_read", purpose, fields) as box:
        if during is None:
            return decrypt_current(resident_id, fields, box)
        heads.require_whole(resident_id, Record)
        records = Record.objects.current().filter(type=type_code)
        records = records.filter(period_start__gte=during.start, period_start__lt=during.end)
        return decrypt_records(records, fields, box)


def own_record(*, resident_id: UUID, purpose: str, record_id: UUID) -> Opened | None:
    """Return one whole current record, to correct or withdraw it; None if the resident has no such current record."""
    with scope(resident=resident_id):
        record = Record.objects.current().filter(pk=record_id).first()
    if record is None:
        return None
    fields = types.fields_of(record.type)
    with journalled(resident_id, "read", purpose, fields) as box:
        return next(iter(decrypt_records(Record.objects.current().filter(pk=record_id), fields, box)), None)


def own_history(*, resident_id: UUID, purpose: str, record_id: UUID) -> list[Opened]:
    """Return a record with every record that it superseded or that superseded it, newest first, withdrawn ones
    included.
    """
    with scope(resident=resident_id):
        record = Record.objects.filter(pk=record_id).first()
    if record is None:
        return []
    fields = types.fields_of(record.type)
    with journalled(resident_id, "history_read", purpose, fields) as box:
        chain = _chain(record)
        records = Record.objects.filter(pk__in=chain)
        opened = {found.record_id: found for found in decrypt_records(records, fields, box, replaced=chain[1:])}
        return [opened[key] for key in chain]


def own_paper(*, resident_id: UUID, purpose: str, paper_id: UUID) -> PaperOpened | None:
    """Return one paper without its files, or None if the resident has no such paper."""
    found = own_papers(resident_id=resident_id, purpose=purpose, paper_ids=[paper_id])
    return found[0] if found else None


def own_papers(*, resident_id: UUID, purpose: str, paper_ids: Sequence[UUID] | None = None) -> list[PaperOpened]:
    """Return the resident's papers, newest first: all of them, or `paper_ids`. Write no entry if there are none.

    Raises:
        Forged: also if somebody deleted a paper or a file of one in the database.
    """
    count = 0 if paper_ids is None else len(paper_ids)
    with locked(resident_id) as box:
        heads.require_whole(resident_id, Paper, PaperFile)
        papers = list(Paper.objects.all() if paper_ids is None else Paper.objects.filter(pk__in=paper_ids))
        if not papers:
            return []
        enter(box, resident_id, "papers_read", purpose, [], count=count)
        found = decrypt_papers(papers, box, with_proofs=True)
    counters.add("garant_gate_reads_total", reader="own")
    return found


def own_uploads(*, resident_id: UUID, purpose: str) -> list[UploadOpened]:
    """Return the uploads under way, with their names. Write no entry if there are none."""
    with scope(resident=resident_id):
        rows = list(resumable.under_way(resident_id=resident_id))
        if not rows:
            return []
    with journalled(resident_id, "uploads_read", purpose, []):
        return [upload_opened(row, resumable.upload_metadata(row)) for row in rows]


def copy(*, resident_id: UUID, purpose: str) -> Opener:
    """Return the object that decrypts the whole vault, for the copy that its resident takes away. Write one entry
    first.

    Raises:
        Forged: somebody deleted a record, a paper or a file in the database.
    """
    with scope(resident=resident_id):
        codes = Record.objects.order_by("type").values_list("type", flat=True).distinct()
        fields = [field_id for code in codes for field_id in types.fields_of(code)]
    with journalled(resident_id, "whole_vault_read", purpose, fields):
        heads.require_whole(resident_id, Record, Paper, PaperFile)
        return Opener(resident_id)


def _as_of(reading: GrantReading, found: Sequence[Decrypted], replaced_at: Mapping[UUID, datetime]) -> list[Decrypted]:
    """Keep the records that were current at the time of the reading."""
    codes, at = paths_of(reading.fields), reading.at
    return [
        (record, content)
        for record, content in found
        if record.type in codes
        and reading.person in {None, record.subject_person}
        and record.created_at <= at
        and (record.withdrawn_at is None or record.withdrawn_at > at)
        and (record.pk not in replaced_at or replaced_at[record.pk] > at)
    ]


def _chain(record: Record) -> list[UUID]:
    """Return ids from the newest successor down to the first ancestor. Cost: one query for the person's records of the
    type.
    """
    links = dict(Record.objects.of(record.type, record.subject_person).values_list("pk", "supersedes_id"))
    successors = {older: newer for newer, older in links.items() if older}
    top = record.pk
    while top in successors:
        top = successors[top]
    chain = [top]
    while (older := links.get(chain[-1])) is not None:
        chain.append(older)
    return chain
