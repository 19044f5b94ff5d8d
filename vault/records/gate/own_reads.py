"""What a resident reads of their own vault."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django_scopes import scope

from core.files import resumable
from vault import types
from vault.records.enums import Method
from vault.records.gate.building import Decrypted, papers_named, paths_of, upload_opened, values_of
from vault.records.gate.copying import Opener
from vault.records.gate.decrypting import decrypt_papers, decrypt_records, decrypted, journalled, require_known
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import Grant, GrantReading, Paper, Record
from vault.records.values.decrypted import Opened, PaperOpened, UploadOpened, Values
from vault.types.spans import Span


def read_own(*, resident_id: UUID, purpose: str, fields: Sequence[str], event: str = "read") -> Values:
    """Open the resident's own current values for an act of theirs: only the fields asked for."""
    require_known(fields)
    with journalled(resident_id, event, purpose, fields) as box:
        return decrypt_records(Record.objects.current(), fields, box)


def own_received(*, resident_id: UUID, purpose: str, grant: Grant, readings: Sequence[GrantReading]) -> list[Values]:
    """What each of these readings of the resident's grant opened, as it was then: one line, for the resident who looks at it now.

    A value that was being written at the very moment of a reading may be missing from it here, or show although it was not read yet.
    """
    fields = sorted({field_id for reading in readings for field_id in reading.fields})
    with journalled(resident_id, "received_read", purpose, fields, recipient=recipient_name(grant)) as box:
        until = max((reading.at for reading in readings), default=grant.starts_at)
        records = Record.objects.filter(created_at__lte=until)
        found = decrypted(records, paths_of(fields), box)
        replaced_at = dict(records.exclude(supersedes=None).values_list("supersedes_id", "created_at"))
        return [values_of(_as_of(reading, found, replaced_at), paths_of(reading.fields), ()) for reading in readings]


def own_vault(*, resident_id: UUID, purpose: str) -> tuple[Values, list[PaperOpened]]:
    """All that the vault shows its resident, values and papers, under one line. What a service computed is that service’s to show;
    data that comes by hundreds is shown in sum, elsewhere."""
    with scope(resident=resident_id):
        fields = _fields_present()
    with journalled(resident_id, "vault_read", purpose, fields) as box:
        return decrypt_records(Record.objects.current(), fields, box), decrypt_papers(Paper.objects.all(), box)


def own_page(
    *, resident_id: UUID, purpose: str, record_ids: Sequence[UUID], codes: Collection[str], paper_ids: Sequence[UUID]
) -> tuple[Values, list[PaperOpened]]:
    """What one page of the vault shows, and no more, under one line: the current records that these ids name, of these types, these
    papers and those that prove the records."""
    fields = [field_id for code in sorted(codes) for field_id in types.fields_of(code)]
    with journalled(resident_id, "vault_read", purpose, fields) as box:
        paths = paths_of(fields)
        found = decrypted(Record.objects.current().filter(pk__in=record_ids), paths, box)
        papers = list(Paper.objects.filter(pk__in={*paper_ids, *papers_named(found)}))
        return values_of(found, paths, {paper.pk for paper in papers if paper.expired}), decrypt_papers(papers, box)


def own_of_type(*, resident_id: UUID, purpose: str, type_code: str, during: Span[datetime] | None = None) -> Values:
    """The current records of one type, or those that begin during some time."""
    fields = types.fields_of(type_code)
    with journalled(resident_id, "data_read", purpose, fields) as box:
        records = Record.objects.current().filter(type=type_code)
        if during is not None:
            records = records.filter(period_start__gte=during.start, period_start__lt=during.end)
        return decrypt_records(records, fields, box)


def own_record(*, resident_id: UUID, purpose: str, record_id: UUID) -> Opened | None:
    """One current record, whole, to correct or withdraw it. None: it is not there any more, or never was theirs."""
    with scope(resident=resident_id):
        record = Record.objects.current().filter(pk=record_id).first()
    if record is None:
        return None
    fields = types.fields_of(record.type)
    with journalled(resident_id, "read", purpose, fields) as box:
        return next(iter(decrypt_records(Record.objects.current().filter(pk=record_id), fields, box)), None)


def own_history(*, resident_id: UUID, purpose: str, record_id: UUID) -> list[Opened]:
    """A record with all that it superseded and all that superseded it, newest first, withdrawn ones too."""
    with scope(resident=resident_id):
        record = Record.objects.filter(pk=record_id).first()
    if record is None:
        return []
    fields = types.fields_of(record.type)
    with journalled(resident_id, "history_read", purpose, fields) as box:
        chain = _chain(record)
        opened = {line.record_id: line for line in decrypt_records(Record.objects.filter(pk__in=chain), fields, box)}
        return [opened[key] for key in chain]


def own_paper(*, resident_id: UUID, purpose: str, paper_id: UUID) -> PaperOpened | None:
    """What is known of one paper; its file is opened apart. None: not theirs, or not there."""
    found = own_papers(resident_id=resident_id, purpose=purpose, paper_ids=[paper_id])
    return found[0] if found else None


def own_papers(*, resident_id: UUID, purpose: str, paper_ids: Sequence[UUID] | None = None) -> list[PaperOpened]:
    """The resident's papers, newest first: all of them, or these. Nothing to open leaves no line."""
    with scope(resident=resident_id):
        papers = Paper.objects.all() if paper_ids is None else Paper.objects.filter(pk__in=paper_ids)
        if not papers.exists():
            return []
    with journalled(
        resident_id, "papers_read", purpose, [], count=len(paper_ids) if paper_ids is not None else 0
    ) as box:
        return decrypt_papers(papers, box)


def own_uploads(*, resident_id: UUID, purpose: str) -> list[UploadOpened]:
    """The files that have begun to arrive, under their names. None under way leaves no line."""
    with scope(resident=resident_id):
        rows = list(resumable.under_way(resident_id=resident_id))
        if not rows:
            return []
    with journalled(resident_id, "uploads_read", purpose, []):
        return [upload_opened(row, resumable.upload_metadata(row)) for row in rows]


def copy(*, resident_id: UUID, purpose: str) -> Opener:
    """All that the vault holds, for the one file that its resident takes away: one line for all of it, before anything is opened."""
    with scope(resident=resident_id):
        codes = Record.objects.order_by("type").values_list("type", flat=True).distinct()
        fields = [field_id for code in codes for field_id in types.fields_of(code)]
    with journalled(resident_id, "whole_vault_read", purpose, fields):
        return Opener(resident_id)


def _as_of(reading: GrantReading, found: Sequence[Decrypted], replaced_at: Mapping[UUID, datetime]) -> list[Decrypted]:
    """Those that counted when they were read: there already, neither superseded nor withdrawn yet."""
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


def _fields_present() -> list[str]:
    shown = Record.objects.current().exclude(method=Method.DERIVED).exclude(type__in=types.data_codes())
    codes = shown.order_by("type").values_list("type", flat=True).distinct()
    return [field_id for code in codes for field_id in types.fields_of(code)]


def _chain(record: Record) -> list[UUID]:
    """Ids from the newest successor down to the first ancestor. One query for the person's records of the type."""
    links = dict(Record.objects.of(record.type, record.subject_person).values_list("pk", "supersedes_id"))
    successors = {older: newer for newer, older in links.items() if older}
    top = record.pk
    while top in successors:
        top = successors[top]
    chain = [top]
    while (older := links.get(chain[-1])) is not None:
        chain.append(older)
    return chain
