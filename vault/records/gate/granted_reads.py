"""Reads of a resident's values by a recipient, under a grant."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from core import journal, rows
from core.journal import checkpoints
from core.keys import sealed
from core.models import JournalEntry
from core.models.rows import check
from vault.records.enums import Mode
from vault.records.gate.decrypting import decrypt_papers, decrypt_records, require_known
from vault.records.gate.locks import try_lock, wait_for_lock
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import Grant, GrantField, GrantReading, Paper, Record
from vault.records.models.grant import RESIDENT_KIND
from vault.records.values.decrypted import PaperOpened, Values

Found = TypeVar("Found")
#: What a reading does not need of its grant: the largest columns.
UNUSED_HERE = ("grant__snapshot", "grant__recipient_name")


class Refused(Exception):
    """The grant is inactive or lacks a field. Nothing was decrypted, and an entry was written."""


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
    return under_grant(grant, lambda anchored: _read(grant, fields, person, anchored))


def read_all(*, grant: Grant, fields: Sequence[str], visit: UUID | None) -> tuple[Values, list[PaperOpened]]:
    """Return the fields of a grant, in the records about its resident, and its papers. Write one entry.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)

    def reading(anchored: bool) -> tuple[Values, list[PaperOpened]] | None:
        values = _read(grant, fields, grant.resident_id, anchored, visit)
        if values is None:
            return None
        box = sealed.box(resident_id=grant.resident_id)
        granted = list(grant.papers.all())
        check(*granted, key=box.row_key)
        papers = Paper.objects.kept().filter(pk__in=[one.paper_id for one in granted])
        return values, decrypt_papers(papers, box)

    return under_grant(grant, reading)


def under_grant(grant: Grant, reading: Callable[[bool], Found | None]) -> Found:
    """Run `reading` in the transaction of a read under a grant.

    `reading` receives whether the journal is anchored, and returns None to refuse. A row that the portal did not
    write is refused too, with an entry of its own.
    """
    anchored = grant.recipient_kind == RESIDENT_KIND or checkpoints.anchored()
    try:
        found = _locked(grant, lambda: reading(anchored))
    except rows.Forged as forged:
        rows.report(forged)
        raise Refused(grant.pk) from forged
    if found is None:
        raise Refused(grant.pk) if anchored else NotAnchored(grant.pk)
    return found


def _locked(grant: Grant, reading: Callable[[], Found]) -> Found:
    while True:
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            if try_lock(grant):
                return reading()
        wait_for_lock(grant)


def _read(
    grant: Grant, fields: Sequence[str], person: UUID | None, anchored: bool, visit: UUID | None = None
) -> Values | None:
    box = sealed.box(resident_id=grant.resident_id)
    allowed = anchored and _use(grant, fields, box)
    entry = journal_read(
        grant, fields, _event(grant, fields) if allowed else "read_refused", box, reason=refusal_reason(anchored)
    )
    if allowed:
        note_reading(grant, entry, fields=list(fields), person=person, visit=visit)
    records = Record.objects.current()
    if person is not None:
        records = records.filter(subject_person=person)
    return decrypt_records(records, fields, box) if allowed else None


def _use(grant: Grant, fields: Sequence[str], box: sealed.Box) -> bool:
    """Mark the grant as used. Return False if it is not readable, or lacks a field; raises as `mark_used`.

    One query finds the fields and their grant, since each reading waits for it.
    """
    if not fields:
        return mark_used(grant, box)
    readable = Grant.objects.readable().filter(pk=grant.pk)
    granted = list(
        GrantField.objects.filter(grant__in=readable, field__in=fields).select_related("grant").defer(*UNUSED_HERE)
    )
    check(*granted, key=box.row_key)
    if len(granted) != len(set(fields)):
        return False
    granted[0].grant.write(key=box.row_key, last_used_at=timezone.now())
    return True


def mark_used(grant: Grant, box: sealed.Box) -> bool:
    """Mark the grant as used. Return False if it is not readable.

    If two reads arrive together, only one gets a grant for a single reading, or with a minimum delay between two: each
    holds the journal's lock.

    Raises:
        Forged: the resident did not agree to this grant as it is.
    """
    readable = Grant.objects.readable().filter(pk=grant.pk).first()
    if readable is None:
        return False
    readable.write(key=box.row_key, last_used_at=timezone.now())
    return True


def note_reading(grant: Grant, entry: JournalEntry, *, fields: Sequence[str] = (), **more: object) -> None:
    at, number = entry.leaf.at, entry.leaf.number
    GrantReading.objects.create(
        resident_id=grant.resident_id, grant_id=grant.pk, at=at, line=number, fields=list(fields), **more
    )


def _event(grant: Grant, fields: Sequence[str]) -> str:
    if not fields:
        return "granted_looked"
    return "granted_count" if grant.mode == Mode.COUNT else "granted_read"


def refusal_reason(anchored: bool) -> str:
    """Return the code of a refusal that does not come from the grant, else ""."""
    return "" if anchored else "not_anchored"


def journal_read(grant: Grant, fields: Sequence[str], event: str, box: sealed.Box, **more: str) -> JournalEntry:
    details = {"recipient": recipient_name(grant, box), "grant": str(grant.pk), "mode": grant.mode}
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
