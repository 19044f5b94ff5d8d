"""What a recipient reads of someone else's vault, under a grant."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.journal import checkpoints
from core.keys import sealed
from core.models import JournalEntry
from vault.records.enums import Mode
from vault.records.gate.decrypting import decrypt_papers, decrypt_records, require_known
from vault.records.gate.locks import try_lock, wait_for_lock
from vault.records.grants.recipient_names import recipient_name
from vault.records.models import Grant, GrantField, GrantReading, Paper, Record
from vault.records.models.grant import RESIDENT_KIND
from vault.records.values.decrypted import PaperOpened, Values

Found = TypeVar("Found")


class Refused(Exception):
    """The grant is not active, or does not cover a field. Nothing was opened, and the journal has a line that says so."""


class NotAnchored(Refused):
    """The journal has had no checkpoint outside the database for hours: until it has, only residents read."""


def read(*, grant: Grant, fields: Sequence[str], person: UUID | None = None) -> Values:
    """Open the granted part of someone else's current values, for the grant's purpose. The line is in the journal of whom they are.

    `person` keeps to the records about them: a vault also holds what its resident said of those who live with them.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)
    return under_grant(grant, lambda anchored: _read(grant, fields, person, anchored))


def read_all(*, grant: Grant, fields: Sequence[str], visit: UUID | None) -> tuple[Values, list[PaperOpened]]:
    """What somebody sees who opens a grant as a page: its fields, in the records about its resident, and what its papers are. One line.

    Raises:
        Refused, NotAnchored
    """
    require_known(fields)

    def reading(anchored: bool) -> tuple[Values, list[PaperOpened]] | None:
        values = _read(grant, fields, grant.resident_id, anchored, visit)
        papers = Paper.objects.kept().filter(granted__grant=grant)
        return None if values is None else (values, decrypt_papers(papers, sealed.box(resident_id=grant.resident_id)))

    return under_grant(grant, reading)


def under_grant(grant: Grant, reading: Callable[[bool], Found | None]) -> Found:
    """The transaction of a reading under a grant. `reading` is told whether the journal is anchored, and answers None for a refusal."""
    anchored = grant.recipient_kind == RESIDENT_KIND or checkpoints.anchored()
    while True:
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            if try_lock(grant):
                found = reading(anchored)
                break
        wait_for_lock(grant)
    if found is None:
        raise Refused(grant.pk) if anchored else NotAnchored(grant.pk)
    return found


def _read(
    grant: Grant, fields: Sequence[str], person: UUID | None, anchored: bool, visit: UUID | None = None
) -> Values | None:
    box = sealed.box(resident_id=grant.resident_id)
    allowed = anchored and set(fields) <= _opened_by(grant) and mark_used(grant)
    line = journal_read(
        grant, fields, _event(grant, fields) if allowed else "read_refused", box, reason=refusal_reason(anchored)
    )
    if allowed:
        note_reading(grant, line, fields=list(fields), person=person, visit=visit)
    records = Record.objects.current()
    if person is not None:
        records = records.filter(subject_person=person)
    return decrypt_records(records, fields, box) if allowed else None


def _opened_by(grant: Grant) -> set[str]:
    """The fields that it opens at this moment: none once it is stopped or over."""
    active = Grant.objects.active().filter(pk=grant.pk)
    return set(GrantField.objects.filter(grant__in=active).values_list("field", flat=True))


def mark_used(grant: Grant) -> bool:
    """It serves now, if it still may: of two readings at once one alone gets what was granted once, or not so soon again."""
    return Grant.objects.readable().filter(pk=grant.pk).update(last_used_at=timezone.now()) == 1


def note_reading(grant: Grant, line: JournalEntry, *, fields: Sequence[str] = (), **more: object) -> None:
    at, number = line.leaf.at, line.leaf.number
    GrantReading.objects.create(
        resident_id=grant.resident_id, grant_id=grant.pk, at=at, line=number, fields=list(fields), **more
    )


def _event(grant: Grant, fields: Sequence[str]) -> str:
    if not fields:
        return "granted_looked"
    return "granted_count" if grant.mode == Mode.COUNT else "granted_read"


def refusal_reason(anchored: bool) -> str:
    """A code, where a refusal is not the grant's."""
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
