"""Decrypt records and papers, after the journal entry was written. The only module of the gate that turns content into
values.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django_scopes import scope

from core import journal, keys
from core.journal import heads
from core.keys import sealed
from core.models.row_values import encoded
from core.models.rows import check, check_encoded, lot_of
from core.telemetry import counters
from vault import types
from vault.records.enums import Assurance
from vault.records.gate.building import Decrypted, paper_opened, papers_that_prove, paths_of, values_of
from vault.records.models import Paper, PaperFile, PaperKind, Record, RecordQuerySet
from vault.records.models.record import ENVELOPE
from vault.records.values.decrypted import PaperOpened, Values

LABEL = lot_of(Record, ())


class UnknownField(ValueError):
    """No type file describes this field."""


def require_known(fields: Iterable[str]) -> None:
    for field_id in fields:
        try:
            types.field(field_id)
        except LookupError as error:
            raise UnknownField(field_id) from error


@contextmanager
def journalled(
    resident_id: UUID, event: str, purpose: str, fields: Sequence[str], **details: object
) -> Iterator[sealed.Box]:
    """Write the journal entry, then run the block. An error in the block rolls the entry back: nothing was read."""
    with locked(resident_id) as box:
        enter(box, resident_id, event, purpose, fields, **details)
        yield box
    counters.add("garant_gate_reads_total", reader="own")


@contextmanager
def locked(resident_id: UUID) -> Iterator[sealed.Box]:
    """Lock the journal in a transaction of its own, for who looks at rows before the entry (`enter`) and decrypts
    after it.
    """
    with transaction.atomic(durable=True), scope(resident=resident_id), keys.read_once():
        tip = heads.lock(resident_id)
        with heads.holding(tip):
            yield tip.opened


def enter(
    box: sealed.Box, resident_id: UUID, event: str, purpose: str, fields: Sequence[str], **details: object
) -> None:
    """Write the entry of a reading by the resident."""
    journal.write(
        resident_id=resident_id,
        actor_id=resident_id,
        event=event,
        purpose=purpose,
        fields=fields,
        details={name: str(value) for name, value in details.items() if value},
        opened=box,
    )


def decrypt_current(
    resident_id: UUID,
    fields: Sequence[str],
    box: sealed.Box,
    *,
    person: UUID | None = None,
    keep: Callable[[Record], bool] = lambda record: True,
) -> Values:
    """Decrypt the current records of the fields' types, about everybody or about `person`, that `keep` accepts.

    Raises:
        Forged: also if somebody deleted one of them in the database (core/journal/heads.py).
    """
    records = Record.objects.current().filter(type__in=list(paths_of(fields)))
    found = list(records.filter(subject_person=person) if person else records)
    return decrypt_loaded(resident_id, found, fields, box, person=person, keep=keep)


def decrypt_loaded(
    resident_id: UUID,
    found: Sequence[Record],
    fields: Sequence[str],
    box: sealed.Box,
    *,
    person: UUID | None = None,
    keep: Callable[[Record], bool] = lambda record: True,
) -> Values:
    """Decrypt as `decrypt_current`, of `found`: the current records of the fields' types, loaded under the journal's
    lock.
    """
    paths, about = paths_of(fields), str(person or "")
    envelopes = check_encoded(found, ENVELOPE, key=box.row_key)
    heads.require_lots(resident_id, found, lambda lot: lot[0] == LABEL and lot[1] in paths and about in {"", lot[2]})
    kept = [(one, _content(one, box, envelope)) for one, envelope in zip(found, envelopes, strict=True) if keep(one)]
    return _values(kept, paths, box)


def decrypt_records(
    records: RecordQuerySet, fields: Sequence[str], box: sealed.Box, *, replaced: Container[UUID] = ()
) -> Values:
    """Decrypt these records and keep the requested fields; `replaced` as in `decrypted`."""
    paths = paths_of(fields)
    return _values(decrypted(records.filter(type__in=list(paths)), box, replaced=replaced), paths, box)


def _values(found: Sequence[Decrypted], paths: Mapping[str, list[list[str]]], box: sealed.Box) -> Values:
    proofs = papers_that_prove(found)
    papers = list(Paper.objects.filter(pk__in=proofs).defer("content")) if proofs else []
    check(*papers, key=box.row_key)
    return values_of(found, paths, {paper.pk for paper in papers if paper.expired})


def decrypted(records: Iterable[Record], box: sealed.Box, *, replaced: Container[UUID] = ()) -> list[Decrypted]:
    """Return the records with their decrypted content.

    Args:
        replaced: the ids of those that another record supersedes, which a history shows. Any other one is current, or
            withdrawn.
    """
    found = list(records)
    check(*(record for record in found if record.pk not in replaced), key=box.row_key)
    check(*(record for record in found if record.pk in replaced), key=box.row_key, ended=True)
    return [(record, _content(record, box, encoded(record, ENVELOPE))) for record in found]


def _content(record: Record, box: sealed.Box, envelope: str) -> dict[str, Any]:
    """Return the content of a record whose MAC was checked. No other function decrypts one."""
    try:
        content = box.unseal_json(record.content, place=record.place_with(envelope))
    except sealed.Unreadable:
        content = box.unseal_json(record.content, place=record.first_place)
    return record.in_latest(content)


def decrypt_papers(papers: Iterable[Paper], box: sealed.Box, *, with_proofs: bool = False) -> list[PaperOpened]:
    """Decrypt papers, newest first; with `with_proofs`, also look for a verified record of each."""
    found = sorted(papers, key=lambda paper: paper.created_at, reverse=True)
    files: dict[UUID, list[PaperFile]] = {}
    check(*found, key=box.row_key)
    for file in PaperFile.objects.filter(paper__in=found):
        check(file, key=box.row_key)
        files.setdefault(file.paper_id, []).append(file)
    if not found:
        return []
    kinds = {kind.code: kind for kind in PaperKind.objects.filter(code__in={paper.kind for paper in found})}
    proofs = _proofs(found, box) if with_proofs else set()
    return [
        paper_opened(
            paper,
            box.unseal_json(paper.content, place=paper.place),
            files.get(paper.pk, []),
            kinds.get(paper.kind),
            is_proof=paper.pk in proofs,
        )
        for paper in found
    ]


def _proofs(papers: Sequence[Paper], box: sealed.Box) -> set[UUID]:
    """Return those of the papers that a verified record about their resident names. One record of each is checked."""
    verified = Record.objects.filter(
        paper__in=papers, subject_person=F("resident_id"), assurance__in=[Assurance.HOLDER, Assurance.SIGNATURE]
    )
    found = list(verified.order_by("paper_id", "pk").distinct("paper_id").defer("content"))
    check(*found, key=box.row_key, ended=True)
    return {record.paper_id for record in found if record.paper_id}
