"""The only way values are opened. No journal line, no read.

Each verb is one short transaction of its own: the line is written first, then the content is decrypted. When the line
cannot be written nothing is read. `own` is the resident's own act. `read` is everyone else's, under a grant: the grant's
lock is taken, shared, and the grant is looked at in the next statement, so that a stop which was acknowledged is seen.
Whoever stops it takes the same lock alone (`alone`, `hold`). Locks come in this order: household row, grants, values, journal;
`read` has the journal first and only tries the grant, so that a stop waits for one reader and not for all that stand in line.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope

from core import checkpoints, journal, resumable, sealed
from core.models import JournalEntry
from core.storage import sealed_storage
from vault import documents, types
from vault.called import called
from vault.copying import Opener
from vault.enums import Method, Mode
from vault.models import Grant, GrantField, GrantReading, Paper, PaperFile, PaperKind, Record, RecordQuerySet
from vault.models.grant import RESIDENT_KIND
from vault.opened import Opened, PaperOpened, Span, UploadOpened, Values
from vault.opening import Decrypted, paper_opened, papers_named, paths_of, upload_opened, values_of
from vault.same_thing import DATA

Found = TypeVar("Found")


class UnknownField(ValueError):
    """No type file describes this field."""


class Refused(Exception):
    """The grant is not active, or does not cover a field. Nothing was opened, and the journal has a line that says so."""


class NotAnchored(Refused):
    """The journal has had no checkpoint outside the database for hours: until it has, only residents read."""


def own(*, resident_id: UUID, purpose: str, fields: Sequence[str], event: str = "read") -> Values:
    """Open the resident's own current values for an act of theirs: only the fields asked for."""
    require_known(fields)
    with _journalled(resident_id, event, purpose, fields) as box:
        return _open(Record.objects.current(), fields, box)


def read(*, grant: Grant, fields: Sequence[str], person: UUID | None = None) -> Values:
    """Open the granted part of someone else's current values, for the grant's purpose. The line is in the journal of whom they are.

    `person` keeps to the records about them: a vault also holds what its resident said of those who live with them.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)
    return _granted(grant, lambda anchored: _read(grant, fields, person, anchored))


def read_all(*, grant: Grant, fields: Sequence[str], visit: UUID | None) -> tuple[Values, list[PaperOpened]]:
    """What somebody sees who opens a grant as a page: its fields, in the records about its resident, and what its papers are. One line.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)

    def reading(anchored: bool) -> tuple[Values, list[PaperOpened]] | None:
        values = _read(grant, fields, grant.resident_id, anchored, visit)
        papers = Paper.objects.kept().filter(granted__grant=grant)
        return None if values is None else (values, _open_papers(papers, sealed.box(resident_id=grant.resident_id)))

    return _granted(grant, reading)


def read_file(*, grant: Grant, paper_id: UUID, position: int, visit: UUID | None) -> "tuple[PaperOpened, WatchedFile]":
    """A paper that a grant opens and one file of it, with a line of its own; the grant is looked at again before each piece.

    Raises:
        Refused, NotAnchored: also when the paper is not in the grant, or not in the vault any more.
    """

    def reading(anchored: bool) -> tuple[PaperOpened, WatchedFile] | None:
        files = PaperFile.objects.select_related("paper").filter(position=position, waiting=False)
        file = files.filter(paper__in=Paper.objects.kept().filter(pk=paper_id, granted__grant=grant)).first()
        allowed = anchored and file is not None and _used(grant)
        kind = file.paper.kind if file else ""
        box = sealed.box(resident_id=grant.resident_id)
        line = _tell_granted(grant, (), "granted_downloaded" if allowed else "read_refused", box, kind=kind, reason=_reason(anchored))
        if file is None or not allowed:
            return None
        _note_reading(grant, line, paper_kind=kind or "?", visit=visit)
        [opened] = _open_papers([file.paper], box)
        return opened, WatchedFile(grant, sealed_storage.open(file.stored_name, resident_id=grant.resident_id))

    return _granted(grant, reading)


def read_document(*, grant: Grant, document_id: UUID, visit: UUID | None) -> "WatchedFile":
    """As `read_file`, what a service made and keeps: its own line, and the grant is looked at again before each piece.

    Raises:
        Refused, NotAnchored: also when it is not in the grant, or was deleted.
    """

    def reading(anchored: bool) -> WatchedFile | None:
        document = next((one for one in documents.opened_by(grant) if one.id == document_id), None)
        box = sealed.box(resident_id=grant.resident_id)
        allowed = anchored and document is not None and _used(grant)
        event = f"granted_{document.kind}_downloaded" if document and allowed else "read_refused"
        line = _tell_granted(grant, (), event, box, reason=_reason(anchored))
        if document is None or not allowed:
            return None
        _note_reading(grant, line, paper_kind=document.kind, visit=visit)
        return WatchedFile(grant, sealed_storage.open(document.stored_name, resident_id=grant.resident_id))

    return _granted(grant, reading)


def _granted(grant: Grant, reading: Callable[[bool], Found | None]) -> Found:
    """The transaction of a reading under a grant. `reading` is told whether the journal is anchored, and answers None for a refusal."""
    anchored = grant.recipient_kind == RESIDENT_KIND or checkpoints.anchored()
    while True:
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            if _enter(grant):
                found = reading(anchored)
                break
        _let_pass(grant)
    if found is None:
        raise Refused(grant.pk) if anchored else NotAnchored(grant.pk)
    return found


def _read(grant: Grant, fields: Sequence[str], person: UUID | None, anchored: bool, visit: UUID | None = None) -> Values | None:
    box = sealed.box(resident_id=grant.resident_id)
    allowed = anchored and set(fields) <= _opened_by(grant) and _used(grant)
    line = _tell_granted(grant, fields, _event(grant, fields) if allowed else "read_refused", box, reason=_reason(anchored))
    if allowed:
        _note_reading(grant, line, fields=list(fields), person=person, visit=visit)
    records = Record.objects.current()
    if person is not None:
        records = records.filter(subject_person=person)
    return _open(records, fields, box) if allowed else None


class WatchedFile:
    """A decrypted file under a grant: once a stop was acknowledged no further piece of it is read, however long it is."""

    def __init__(self, grant: Grant, file: BinaryIO) -> None:
        self._grant, self._file = grant, file

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        """
        Raises:
            Refused: stopped, paused or over meanwhile. The journal says so.
        """
        grant = self._grant
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            lock(grant, shared=True)
            if Grant.objects.active().filter(pk=grant.pk).exists():
                return self._file.read(size)
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            _tell_granted(grant, (), "read_refused", sealed.box(resident_id=grant.resident_id))
        raise Refused(grant.pk)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def alone(grant: Grant) -> Iterator[None]:
    """Hold the grant while it changes, in its resident's scope: when the block has committed no earlier permission is still in use."""
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        hold([grant])
        yield


def hold(grants: Iterable[Grant]) -> None:
    """`alone` for several grants at once, in the caller's own short transaction; in one order for all, so that nobody waits in a circle."""
    for grant in sorted(grants, key=lambda grant: grant.lock_key):
        lock(grant, shared=False)


def own_received(*, resident_id: UUID, purpose: str, grant: Grant, readings: Sequence[GrantReading]) -> list[Values]:
    """What each of these readings of the resident's grant opened, as it was then: one line, for the resident who looks at it now.

    A value that was being written at the very moment of a reading may be missing from it here, or show although it was not read yet.
    """
    fields = sorted({field_id for reading in readings for field_id in reading.fields})
    with _journalled(resident_id, "received_read", purpose, fields, recipient=called(grant)) as box:
        until = max((reading.at for reading in readings), default=grant.starts_at)
        records = Record.objects.filter(created_at__lte=until)
        found = _decrypted(records, paths_of(fields), box)
        replaced_at = dict(records.exclude(supersedes=None).values_list("supersedes_id", "created_at"))
        return [values_of(_as_of(reading, found, replaced_at), paths_of(reading.fields), ()) for reading in readings]


def own_vault(*, resident_id: UUID, purpose: str) -> tuple[Values, list[PaperOpened]]:
    """All that the vault shows its resident, values and papers, under one line. What a service computed is that service’s to show;
    data that comes by hundreds is shown in sum, elsewhere."""
    with scope(resident=resident_id):
        fields = _fields_present()
    with _journalled(resident_id, "vault_read", purpose, fields) as box:
        return _open(Record.objects.current(), fields, box), _open_papers(Paper.objects.all(), box)


def own_page(
    *, resident_id: UUID, purpose: str, record_ids: Sequence[UUID], codes: Collection[str], paper_ids: Sequence[UUID]
) -> tuple[Values, list[PaperOpened]]:
    """What one page of the vault shows, and no more, under one line: the current records that these ids name, of these types, these
    papers and those that prove the records."""
    fields = [field_id for code in sorted(codes) for field_id in types.fields_of(code)]
    with _journalled(resident_id, "vault_read", purpose, fields) as box:
        paths = paths_of(fields)
        found = _decrypted(Record.objects.current().filter(pk__in=record_ids), paths, box)
        papers = list(Paper.objects.filter(pk__in={*paper_ids, *papers_named(found)}))
        return values_of(found, paths, {paper.pk for paper in papers if paper.expired}), _open_papers(papers, box)


def own_of_type(*, resident_id: UUID, purpose: str, type_code: str, during: Span[datetime] | None = None) -> Values:
    """The current records of one type, or those that begin during some time."""
    fields = types.fields_of(type_code)
    with _journalled(resident_id, "data_read", purpose, fields) as box:
        records = Record.objects.current().filter(type=type_code)
        if during is not None:
            records = records.filter(period_start__gte=during.start, period_start__lt=during.end)
        return _open(records, fields, box)


def own_record(*, resident_id: UUID, purpose: str, record_id: UUID) -> Opened | None:
    """One current record, whole, to correct or withdraw it. None: it is not there any more, or never was theirs."""
    with scope(resident=resident_id):
        record = Record.objects.current().filter(pk=record_id).first()
    if record is None:
        return None
    fields = types.fields_of(record.type)
    with _journalled(resident_id, "read", purpose, fields) as box:
        return next(iter(_open(Record.objects.current().filter(pk=record_id), fields, box)), None)


def own_history(*, resident_id: UUID, purpose: str, record_id: UUID) -> list[Opened]:
    """A record with all that it superseded and all that superseded it, newest first, withdrawn ones too."""
    with scope(resident=resident_id):
        record = Record.objects.filter(pk=record_id).first()
    if record is None:
        return []
    fields = types.fields_of(record.type)
    with _journalled(resident_id, "history_read", purpose, fields) as box:
        chain = _chain(record)
        opened = {line.record_id: line for line in _open(Record.objects.filter(pk__in=chain), fields, box)}
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
    with _journalled(resident_id, "papers_read", purpose, [], count=len(paper_ids) if paper_ids is not None else 0) as box:
        return _open_papers(papers, box)


def open_file(*, resident_id: UUID, purpose: str, paper_id: UUID, position: int = 0, event: str = "file_opened") -> BinaryIO:
    """A paper's file, decrypted as it is read.

    Raises:
        PaperFile.DoesNotExist: not theirs, or not there. No line is written.
    """
    with scope(resident=resident_id):
        file = PaperFile.objects.select_related("paper").get(paper_id=paper_id, position=position, waiting=False)
    with _journalled(resident_id, event, purpose, [], kind=file.paper.kind):
        return sealed_storage.open(file.stored_name, resident_id=resident_id)


def open_side(*, resident_id: UUID, purpose: str, side_id: UUID) -> BinaryIO:
    """A file that was added to a paper, for its own check: before it, nobody opens it otherwise."""
    with scope(resident=resident_id):
        side = PaperFile.objects.select_related("paper").get(pk=side_id)
    with _journalled(resident_id, "paper_checked", purpose, [], kind=side.paper.kind):
        return sealed_storage.open(side.stored_name, resident_id=resident_id)


def open_kept(*, resident_id: UUID, purpose: str, name: str, event: str = "file_opened") -> BinaryIO:
    """A file that a service kept for the resident (`actions.keep_file`): their key alone opens it."""
    with _journalled(resident_id, event, purpose, []):
        return sealed_storage.open(name, resident_id=resident_id)


def copy(*, resident_id: UUID, purpose: str) -> Opener:
    """All that the vault holds, for the one file that its resident takes away: one line for all of it, before anything is opened."""
    with scope(resident=resident_id):
        codes = Record.objects.order_by("type").values_list("type", flat=True).distinct()
        fields = [field_id for code in codes for field_id in types.fields_of(code)]
    with _journalled(resident_id, "whole_vault_read", purpose, fields):
        return Opener(resident_id)


def own_uploads(*, resident_id: UUID, purpose: str) -> list[UploadOpened]:
    """The files that have begun to arrive, under their names. None under way leaves no line."""
    with scope(resident=resident_id):
        rows = list(resumable.under_way(resident_id=resident_id))
        if not rows:
            return []
    with _journalled(resident_id, "uploads_read", purpose, []):
        return [upload_opened(row, resumable.told(row)) for row in rows]


def own_note(
    *, resident_id: UUID, purpose: str, place: str, content: bytes, event: str = "note_opened", **details: object
) -> dict[str, Any]:
    """What a service keeps sealed for the resident in a row of its own (`actions.seal_note`): a letter, their choices."""
    with _journalled(resident_id, event, purpose, [], **details):
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note


def sent_note(*, resident_id: UUID, reader: UUID, purpose: str, place: str, content: bytes, event: str, **line: Any) -> dict[str, Any]:
    """What a resident sent to somebody of the city, or an agent wrote of them, for that person to read. Whether they may, the verb that
    calls this has checked. `line`: what the journal says besides (`journal.write`)."""
    told = {"ground": journal.Ground.OWN, "means": journal.Means.ADMIN} | line
    with transaction.atomic(durable=True), scope(resident=resident_id):
        journal.write(resident_id=resident_id, actor_id=reader, event=event, purpose=purpose, **told)
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note


def require_known(fields: Iterable[str]) -> None:
    for field_id in fields:
        try:
            types.field(field_id)
        except LookupError as error:
            raise UnknownField(field_id) from error


@contextmanager
def _journalled(resident_id: UUID, event: str, purpose: str, fields: Sequence[str], **details: object) -> Iterator[sealed.Box]:
    """The line comes first. An error while opening takes the line back with it: then nothing has been read."""
    told = {name: str(value) for name, value in details.items() if value}
    with transaction.atomic(durable=True), scope(resident=resident_id):
        box = sealed.box(resident_id=resident_id)
        journal.write(resident_id=resident_id, actor_id=resident_id, event=event, purpose=purpose, fields=fields, details=told, opened=box)
        yield box


def lock(grant: Grant, *, shared: bool) -> None:
    """To the end of the transaction. What was committed before it was given is seen by the next statement, not by this one."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [grant.lock_key])


def _enter(grant: Grant) -> bool:
    """The journal's lock, then the grant's, shared, which is not waited for: False when somebody has it, or waits to have it, alone.

    Readers of one resident wait for each other at the journal. One that held its grant meanwhile would keep its stop waiting for all of
    them; one that waited for its grant while it held the journal would wait in a circle with the stop's own line.
    """
    with connection.cursor() as cursor:
        both = "SELECT pg_advisory_xact_lock(%s); SELECT pg_try_advisory_xact_lock_shared(%s)"
        cursor.execute(both, [journal.lock_key(grant.resident_id), grant.lock_key])
        cursor.nextset()
        return bool(cursor.fetchone()[0])


def _let_pass(grant: Grant) -> None:
    """Wait, with nothing in hand, until nobody has the grant alone."""
    with transaction.atomic(durable=True):
        lock(grant, shared=True)


def _opened_by(grant: Grant) -> set[str]:
    """The fields that it opens at this moment: none once it is stopped or over."""
    active = Grant.objects.active().filter(pk=grant.pk)
    return set(GrantField.objects.filter(grant__in=active).values_list("field", flat=True))


def _used(grant: Grant) -> bool:
    """It serves now, if it still may: of two readings at once one alone gets what was granted once, or not so soon again."""
    return Grant.objects.readable().filter(pk=grant.pk).update(last_used_at=timezone.now()) == 1


def _note_reading(grant: Grant, line: JournalEntry, *, fields: Sequence[str] = (), **more: object) -> None:
    at, number = line.leaf.at, line.leaf.number
    GrantReading.objects.create(resident_id=grant.resident_id, grant_id=grant.pk, at=at, line=number, fields=list(fields), **more)


def _event(grant: Grant, fields: Sequence[str]) -> str:
    if not fields:
        return "granted_looked"
    return "granted_count" if grant.mode == Mode.COUNT else "granted_read"


def _reason(anchored: bool) -> str:
    """A code, where a refusal is not the grant's."""
    return "" if anchored else "not_anchored"


def _tell_granted(grant: Grant, fields: Sequence[str], event: str, box: sealed.Box, **more: str) -> JournalEntry:
    details = {"recipient": called(grant, box), "grant": str(grant.pk), "mode": grant.mode}
    return journal.write(
        resident_id=grant.resident_id,
        actor_id=grant.pk,
        event=event,
        purpose=grant.purpose,
        fields=fields,
        details=details | {name: value for name, value in more.items() if value},
        ground=journal.Ground.EMERGENCY if grant.in_emergency else None,
        opened=box,
    )


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
    shown = Record.objects.current().exclude(method=Method.DERIVED).exclude(type__in=DATA)
    codes = shown.order_by("type").values_list("type", flat=True).distinct()
    return [field_id for code in codes for field_id in types.fields_of(code)]


def _open(records: RecordQuerySet, fields: Sequence[str], box: sealed.Box) -> Values:
    """Decrypt these records and keep what was asked."""
    paths = paths_of(fields)
    found = _decrypted(records, paths, box)
    named = papers_named(found)
    ended = set(Paper.objects.expired().filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    return values_of(found, paths, ended)


def _decrypted(records: RecordQuerySet, codes: Iterable[str], box: sealed.Box) -> list[Decrypted]:
    """The one place where a record's content becomes readable."""
    found = records.filter(type__in=list(codes))
    return [(record, record.in_latest(box.unseal_json(record.content, place=record.place))) for record in found]


def _open_papers(papers: Iterable[Paper], box: sealed.Box) -> list[PaperOpened]:
    found = sorted(papers, key=lambda paper: paper.created_at, reverse=True)
    files: dict[UUID, list[PaperFile]] = {}
    for file in PaperFile.objects.filter(paper__in=found):
        files.setdefault(file.paper_id, []).append(file)
    if not found:
        return []
    kinds = {kind.code: kind for kind in PaperKind.objects.filter(code__in={paper.kind for paper in found})}
    return [
        paper_opened(paper, box.unseal_json(paper.content, place=paper.place), files.get(paper.pk, []), kinds.get(paper.kind))
        for paper in found
    ]


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
