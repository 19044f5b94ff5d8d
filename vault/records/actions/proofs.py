"""Proofs: find the records that a paper proves, and write them again with it or without it."""

from dataclasses import replace

from core.keys import sealed
from core.models.rows import check_current
from vault import types
from vault.records.actions.records import Source, Subject, content_of, origins_of, write
from vault.records.enums import Assurance
from vault.records.models import Paper, Record
from vault.records.values.decrypted import Origin
from vault.types.spans import Span


def leaning_on(paper: Paper) -> list[tuple[Record, list[str]]]:
    """Return the current records that this paper proves, with the proven fields of each.

    Call it in the resident's scope. Data is left out: its source is not a proof. Cost: decrypts every other current
    record.
    """
    found = []
    box = sealed.box(resident_id=paper.resident_id)
    current = Record.objects.current().exclude(type__in=types.data_codes()).select_for_update(of=("self",))
    check_current(*current)
    for record in current:
        content = content_of(record, box)
        names = [name for name, origin in origins_of(record, content).items() if origin.paper_id == paper.pk]
        if names:
            found.append((record, names))
    return found


def unprove(record: Record, paper: Paper) -> Record:
    """Write the same values without the proof: they are declared from now on."""
    content = content_of(record)
    origins = {name: _without(origin, paper) for name, origin in origins_of(record, content).items()}
    own = record.paper_id == paper.pk
    source = Source(
        holder=record.holder,
        method=record.method,
        assurance=Assurance.DECLARED if own else record.assurance,
        retrieved_at=record.retrieved_at,
        issued_at=record.issued_at,
        paper_id=None if own else record.paper_id,
        origins=origins,
        quality=content.get("quality", ()),
    )
    return write(record.resident_id, _subject(record), content["payload"], source, older=record)


def prove(record: Record, paper: Paper) -> Record:
    """Write the same values with the paper that the portal drew of them. Their origin does not change."""
    content = content_of(record)
    source = Source(
        holder=record.holder,
        method=record.method,
        assurance=record.assurance,
        retrieved_at=record.retrieved_at,
        issued_at=record.issued_at,
        paper_id=paper.pk,
        origins={name: Origin.read(kept) for name, kept in content.get("origins", {}).items()},
        quality=content.get("quality", ()),
        proof=content.get("proof", {}),
    )
    return write(record.resident_id, _subject(record), content["payload"], source, older=record)


def _subject(record: Record) -> Subject:
    return Subject(
        type=record.type,
        person=record.subject_person,
        role=record.subject_role,
        period=Span(record.period_start, record.period_end),
        validity=Span(record.valid_from, record.valid_until),
    )


def _without(origin: Origin, paper: Paper) -> Origin:
    return replace(origin, assurance=Assurance.DECLARED, paper_id=None) if origin.paper_id == paper.pk else origin
