"""Reads of a resident's values by a recipient, under a grant."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_scopes import scope

from core import canonical, journal, keys, rows
from core.journal import checkpoints, heads
from core.keys import sealed
from core.keys.sealed import Box
from core.models import JournalEntry
from core.models.many_rows import check_read
from core.models.rows import AuthenticatedRow, check
from core.telemetry import counters
from vault.records.enums import GrantState, Mode, PaperState, RefusalCode
from vault.records.gate import passing_on
from vault.records.gate.decrypting import decrypt_current, decrypt_papers, require_known
from vault.records.gate.locks import try_lock, wait_for_lock
from vault.records.grants import recipients
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import Grant, GrantField, GrantReading, Paper, Record
from vault.records.models.grant import RESIDENT_KIND
from vault.records.values.decrypted import PaperOpened, Values

Found = TypeVar("Found")
#: What a reading does not need of its grant: the largest columns.
UNUSED_HERE = ("snapshot", "recipient_name")
TAG_LENGTH = 32


@dataclass(frozen=True)
class Refusal:
    """Why a reading is refused. `until`: too soon; from then on the grant may be read again."""

    code: RefusalCode
    until: datetime | None = None


class Refused(Exception):
    """The grant does not allow the reading, or its recipient may not read now.

    Nothing was decrypted, and an entry was written.
    """

    def __init__(self, grant_id: UUID, refusal: Refusal) -> None:
        super().__init__(grant_id, refusal.code.value)
        self.code, self.until = refusal.code, refusal.until


class NotAnchored(Refused):
    """No external checkpoint of the journal for hours. Until there is one, only residents read."""


def read(*, grant: Grant, fields: Sequence[str], person: UUID | None = None) -> Values:
    """Return the values of `fields` that `grant` allows, oldest record first.

    Write one entry in the journal of `grant.resident_id`.

    Args:
        fields: field ids, such as "fiscal.avis_ir#/nombre_parts".
        person: only records about this household member: a vault also holds what its resident typed about the others.

    Raises:
        UnknownField: no type defines a field; no entry is written.
        Refused: the grant is inactive, lacks a field or was read too recently; an entry is written.
        NotAnchored: no recent external checkpoint, and the recipient is not a resident; an entry is written.
        KeyMissing: the resident's key was erased.
    """
    require_known(fields)
    return under_grant(grant, lambda refusal, box: _read(grant, fields, person, refusal, box))


def read_with_notes(
    *, grant: Grant, notes: Mapping[str, tuple[AuthenticatedRow, bytes]]
) -> tuple[Values, dict[str, dict[str, Any]]]:
    """Return all the values that `grant` allows, oldest record first, and notes that a service keeps sealed for the
    resident, by place.

    It is one reading with one entry. Each note comes with its row, which must be of the grant's resident; one without
    a note yet is only checked. The fields are read once, under the locks.

    Raises:
        UnknownField, Refused, NotAnchored, KeyMissing
    """

    def reading(refusal: Refusal | None, box: Box) -> tuple[Values, dict[str, dict[str, Any]]] | Refusal:
        fields = _granted(grant.pk, box)
        require_known(fields)
        refusal = refusal or mark_used(grant, box, fields, granted=fields)
        _note(grant, fields, None, refusal, box, None)
        if refusal:
            return refusal
        values = _values(grant, fields, None, box, passing_on.terms_for(grant), [])
        check(*(row for row, _content in notes.values()), key=box.row_key)
        return values, {
            place: box.unseal_json(content, place=f"note|{place}")
            for place, (_row, content) in notes.items()
            if content
        }

    return under_grant(grant, reading)


def read_newer(
    *, grant: Grant, fields: Sequence[str], person: UUID, known: Collection[str]
) -> tuple[str, Values | None]:
    """Return the tag of what the grant allows now, and the values, unless the reader has those of a tag in `known`.

    Then nothing is decrypted, and it is a reading all the same: the reader learns that nothing has changed. The tag
    follows the records, and the day, on which a proof may end. Otherwise as `read`.
    """
    require_known(fields)

    def reading(refusal: Refusal | None, box: Box) -> tuple[str, Values | None] | Refusal:
        refusal = refusal or mark_used(grant, box, fields)
        _note(grant, fields, person, refusal, box, None)
        if refusal:
            return refusal
        terms = passing_on.terms_for(grant)
        if known:
            types_read = {field.partition("#")[0] for field in fields}
            current = Record.objects.current().filter(subject_person=person, type__in=types_read)
            records = terms.allowed(current)
            tag = _tag(grant, fields, records.order_by().values_list("pk", flat=True))
            if tag in known:
                return tag, None
        opened: list[UUID] = []
        values = _values(grant, fields, person, box, terms, opened)
        return _tag(grant, fields, opened), values

    return under_grant(grant, reading)


def read_all(*, grant: Grant, fields: Sequence[str], visit: UUID | None) -> tuple[Values, list[PaperOpened]]:
    """Return the fields of a grant, in the records about its resident, and its papers. Write one entry.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)

    def reading(refusal: Refusal | None, box: Box) -> tuple[Values, list[PaperOpened]] | Refusal:
        values = _read(grant, fields, grant.resident_id, refusal, box, visit)
        if isinstance(values, Refusal):
            return values
        given = list(grant.papers.annotate(taken_away=F("grant__taken_away")))
        granted = [one for one in given if str(one.paper_id) not in one.taken_away]
        check(*granted, key=box.row_key)
        papers = Paper.objects.kept().filter(pk__in=[one.paper_id for one in granted])
        return values, decrypt_papers(papers, box)

    return under_grant(grant, reading)


def read_brought(*, grant: Grant, paper_id: UUID) -> PaperOpened | None:
    """Return a paper that waits for an answer, added since the grant began; None if not by its recipient.

    Write one entry.

    Raises:
        Refused, NotAnchored: also if no paper added since waits for an answer under this id.
    """

    def reading(refusal: Refusal | None, box: Box) -> tuple[PaperOpened | None] | Refusal:
        waiting = Paper.objects.filter(state=PaperState.TO_CONFIRM, created_at__gte=grant.starts_at)
        paper = waiting.filter(pk=paper_id).first()
        missing = None if paper else Refusal(RefusalCode.NOT_COVERED)
        refusal = refusal or missing or mark_used(grant, box)
        kind = paper.kind if paper else ""
        entry = journal_read(grant, (), "brought_paper_read", box, refusal, kind=kind)
        if paper is None or refusal:
            return refusal or Refusal(RefusalCode.NOT_COVERED)
        note_reading(grant, entry, paper_kind=kind or "?")
        [opened] = decrypt_papers([paper], box)
        return (opened if opened.brought_by == grant.recipient_label else None,)

    return under_grant(grant, reading)[0]


def read_to_compute(*, grant: Grant, fields: Sequence[str], act: AuthenticatedRow) -> Values:
    """Return the values of `fields`, about everybody, for a computation of which the recipient sees the result alone.

    The items of the grant need not open them: the resident agreed to the computation itself, in the row `act` beside
    the grant, which is checked here. What they took out of the grant is left out. Write one entry.

    Raises:
        UnknownField, Refused, NotAnchored, KeyMissing
        ValueError: `act` belongs to another grant.
    """
    require_known(fields)
    if getattr(act, "grant_id", None) != grant.pk:
        raise ValueError("the act is beside another grant")

    def reading(refusal: Refusal | None, box: Box) -> Values | Refusal:
        refusal = refusal or mark_used(grant, box)
        lost = Grant.objects.filter(pk=grant.pk).values_list("taken_away", flat=True).first() or ()
        kept = [field for field in fields if field not in lost]
        journal_read(grant, kept, "granted_computed", box, refusal)
        if refusal:
            return refusal
        check(act, key=box.row_key)
        return _values(grant, kept, None, box, passing_on.terms_for(grant), [])

    return under_grant(grant, reading)


def under_grant(grant: Grant, reading: Callable[[Refusal | None, Box], Found | Refusal]) -> Found:
    """Run `reading` in the transaction of a read under a grant.

    `reading` receives why nothing may be read, if the journal is not anchored, and the resident's box; it returns what
    it read or a refusal.

    Raises:
        Refused, NotAnchored
        Forged: the portal did not write a row as it is. Nothing is read; it is reported.
    """
    anchored = grant.recipient_kind == RESIDENT_KIND or checkpoints.anchored()
    before = None if anchored else Refusal(RefusalCode.NOT_ANCHORED)
    try:
        found = _locked(grant, lambda box: reading(before, box))
    except rows.Forged as forged:
        rows.report(forged)
        raise
    if isinstance(found, Refusal):
        raise (Refused if anchored else NotAnchored)(grant.pk, found)
    return found


def _locked(grant: Grant, reading: Callable[[Box], Found]) -> Found:
    while True:
        with transaction.atomic(durable=True), scope(resident=grant.resident_id), keys.read_once():
            if (end := try_lock(grant)) is not None:
                box = sealed.box_in(end.key, resident_id=grant.resident_id)
                with heads.holding(heads.Tip(grant.resident_id, end, box)):
                    return reading(box)
        wait_for_lock(grant)


def _read(
    grant: Grant,
    fields: Sequence[str],
    person: UUID | None,
    refusal: Refusal | None,
    box: Box,
    visit: UUID | None = None,
) -> Values | Refusal:
    refusal = refusal or mark_used(grant, box, fields)
    _note(grant, fields, person, refusal, box, visit)
    if refusal:
        return refusal
    return _values(grant, fields, person, box, passing_on.terms_for(grant), [])


def _values(
    grant: Grant, fields: Sequence[str], person: UUID | None, box: Box, terms: passing_on.Terms, opened: list[UUID]
) -> Values:
    """Return what the grant allows of the current values, and add the ids of their records to `opened`."""

    def keep(record: Record) -> bool:
        allowed = terms.allows(record)
        if allowed:
            opened.append(record.pk)
        return allowed

    found = decrypt_current(grant.resident_id, fields, box, person=person, keep=keep)
    return terms.part(found)


def _note(
    grant: Grant, fields: Sequence[str], person: UUID | None, refusal: Refusal | None, box: Box, visit: UUID | None
) -> None:
    """Write the entry of a reading of values, or of its refusal."""
    entry = journal_read(grant, fields, event_of(grant, fields), box, refusal)
    if refusal is None:
        note_reading(grant, entry, fields=list(fields), person=person, visit=visit)


def _tag(grant: Grant, fields: Sequence[str], records: Iterable[UUID]) -> str:
    """Return a hash that changes with what `fields` show. Records are written once, so their ids suffice."""
    ids = sorted(records)
    over = heads.ended(grant.resident_id)
    if back := next((id for id in ids if over.has(id)), None):
        raise rows.Forged(Record(pk=back, resident_id=grant.resident_id))
    parts = [str(grant.pk), timezone.localdate().isoformat(), sorted(fields), [str(id) for id in ids]]
    return hashlib.sha256(canonical.encode(parts)).hexdigest()[:TAG_LENGTH]


def mark_used(
    grant: Grant,
    box: Box,
    fields: Sequence[str] = (),
    *,
    things: Collection[UUID] = (),
    granted: Sequence[str] | None = None,
) -> Refusal | None:
    """Mark the grant as used, or return why it, or one of the fields, papers or documents, may not be read.

    If two reads arrive together, only one gets a grant for a single reading, or with a minimum delay between two: each
    holds the journal's lock.

    Args:
        granted: the grant's fields, if the caller has read them in this transaction.

    Raises:
        Forged: the resident did not agree to this grant or to a field as it is.
    """
    found = Grant.objects.filter(pk=grant.pk).defer(*UNUSED_HERE).first()
    refusal = why_not(found, box, fields, things=things, granted=granted)
    if found is not None and refusal is None:
        found.write(key=box.row_key, checked=True, last_used_at=timezone.now())
    return refusal


def why_not(
    found: Grant | None,
    box: Box,
    fields: Sequence[str],
    *,
    things: Collection[UUID] = (),
    granted: Sequence[str] | None = None,
) -> Refusal | None:
    """Return why a grant, just loaded under its locks, or one of the fields, papers or documents, may not be read.

    Raises:
        Forged: as `mark_used`.
    """
    if found is None:
        return Refusal(RefusalCode.STOPPED)
    if refusal := why_not_now(found):
        return refusal
    check(found, key=box.row_key)
    if granted is None:
        granted = _granted(found.pk, box, fields) if fields else ()
    if not {*fields} <= {*granted} or found.has_lost([*fields, *things]):
        return Refusal(RefusalCode.NOT_COVERED)
    return recipient_refusal(found)


def _granted(grant_id: UUID, box: Box, among: Sequence[str] | None = None) -> list[str]:
    """Return the fields of a grant, or those among `among`, each of whose rows was checked.

    Raises:
        Forged: the resident did not agree to one of them.
    """
    found = GrantField.objects.filter(grant=grant_id).values_list("pk", "mac", "grant", "field")
    rows_read = list(found if among is None else found.filter(field__in=among))
    check_read(GrantField, rows_read, key=box.row_key)
    return [field for _pk, _mac, _grant, field in rows_read]


def recipient_refusal(grant: Grant) -> Refusal | None:
    """Return why its recipient may not read now, whatever the grant says. Call it after the locks, in a statement of
    its own.
    """
    code = recipients.get(grant.recipient_kind).refusal(grant)
    return Refusal(code) if code else None


def why_inactive(grant: Grant, thing: UUID | None = None) -> Refusal | None:
    """Return why nothing more may be done under the grant, or no more of a paper or document read, or None.

    Call it after `lock_shared`, in a statement of its own. A minimum delay between readings does not count.
    """
    found = active(grant, thing)
    return found if isinstance(found, Refusal) else None


def active(grant: Grant, thing: UUID | None = None) -> Grant | Refusal:
    """Return the grant as it is now, or why nothing more may be done under it, as `why_inactive`."""
    found = Grant.objects.filter(pk=grant.pk).first()
    if found is None:
        return Refusal(RefusalCode.STOPPED)
    if refusal := why_over(found) or recipient_refusal(found):
        return refusal
    return Refusal(RefusalCode.NOT_COVERED) if thing and found.has_lost([thing]) else found


def why_over(grant: Grant) -> Refusal | None:
    return None if grant.state == GrantState.ACTIVE else Refusal(RefusalCode(grant.state.value))


def why_not_now(grant: Grant) -> Refusal | None:
    """Return why nothing may be read under the grant as it was loaded: it is not active, or was read too recently."""
    until = grant.rests_until
    too_soon = Refusal(RefusalCode.TOO_SOON, until) if until and until > timezone.now() else None
    return why_over(grant) or too_soon


def note_reading(grant: Grant, entry: JournalEntry, **more: Any) -> None:
    reading_of(grant, entry, **more).save(force_insert=True)


def reading_of(grant: Grant, entry: JournalEntry, *, fields: Sequence[str] = (), **more: Any) -> GrantReading:
    at, number = entry.leaf.at, entry.leaf.number
    return GrantReading(
        resident_id=grant.resident_id, grant_id=grant.pk, at=at, line=number, fields=list(fields), **more
    )


def event_of(grant: Grant, fields: Sequence[str]) -> str:
    if not fields:
        return "granted_looked"
    return "granted_count" if grant.mode == Mode.COUNT else "granted_read"


def journal_read(
    grant: Grant, fields: Sequence[str], event: str, box: Box, refusal: Refusal | None, **more: str
) -> JournalEntry:
    """Write the entry of a reading, or of its refusal with the reason's code."""
    count_read(grant, refusal)
    act = act_of(grant, fields, event, box, refusal, **more)
    return journal.write(
        resident_id=act.resident_id,
        actor_id=act.actor_id,
        event=act.event,
        purpose=act.purpose,
        fields=act.fields,
        details=act.details,
        ground=act.ground,
        opened=box,
    )


def act_of(
    grant: Grant, fields: Sequence[str], event: str, box: Box, refusal: Refusal | None, **more: str
) -> journal.Act:
    """Return what the entry of a reading says, or of its refusal."""
    details = {"recipient": recipient_name(grant, box), "grant": str(grant.pk), "mode": grant.mode, **more}
    if refusal:
        event, details["reason"] = "read_refused", refusal.code.value
    return journal.Act(
        resident_id=grant.resident_id,
        actor_id=grant.pk,
        event=event,
        purpose=grant.purpose,
        fields=sorted(fields),
        details={name: value for name, value in details.items() if value},
        ground=journal.Ground.EMERGENCY if grant.in_emergency else None,
    )


def count_read(grant: Grant, refusal: Refusal | None) -> None:
    if not recipients.get(grant.recipient_kind).counted:
        return
    if refusal:
        counters.add("garant_gate_refusals_total", reason=refusal.code.value)
    else:
        counters.add("garant_gate_reads_total", reader=grant.recipient_kind)
