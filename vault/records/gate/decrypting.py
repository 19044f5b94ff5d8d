"""Decrypt records and papers, after the journal entry was written. The only module of the gate that turns content into
values.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django_scopes import scope

from core import journal
from core.journal import heads
from core.keys import sealed
from core.models.rows import check
from vault import types
from vault.records.enums import Assurance
from vault.records.gate.building import Decrypted, paper_opened, papers_named, paths_of, values_of
from vault.records.models import Paper, PaperFile, PaperKind, Record, RecordQuerySet
from vault.records.values.decrypted import PaperOpened, Values


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
    with transaction.atomic(durable=True), scope(resident=resident_id):
        tip = heads.lock(resident_id)
        with heads.holding(tip):
            journal.write(
                resident_id=resident_id,
                actor_id=resident_id,
                event=event,
                purpose=purpose,
                fields=fields,
                details={name: str(value) for name, value in details.items() if value},
                opened=tip.opened,
            )
            yield tip.opened


def decrypt_records(
    records: RecordQuerySet, fields: Sequence[str], box: sealed.Box, *, replaced: Container[UUID] = ()
) -> Values:
    """Decrypt these records and keep the requested fields; `replaced` as in `decrypted`."""
    return decrypt_loaded(records.filter(type__in=list(paths_of(fields))), fields, box, replaced=replaced)


def decrypt_loaded(
    records: Iterable[Record], fields: Sequence[str], box: sealed.Box, *, replaced: Container[UUID] = ()
) -> Values:
    """Decrypt records of the fields' types as `decrypt_records`, without loading them again."""
    paths = paths_of(fields)
    found = decrypted(records, box, replaced=replaced)
    named = papers_named(found)
    papers = list(Paper.objects.filter(pk__in=named)) if named else []
    check(*papers, key=box.row_key)
    return values_of(found, paths, {paper.pk for paper in papers if paper.expired})


def decrypted(records: Iterable[Record], box: sealed.Box, *, replaced: Container[UUID] = ()) -> list[Decrypted]:
    """Return the records with their decrypted content. No other function decrypts a record.

    Args:
        replaced: the ids of those that another record supersedes, which a history shows. Any other one is current, or
            withdrawn.
    """
    found = list(records)
    check(*(record for record in found if record.pk not in replaced), key=box.row_key)
    check(*(record for record in found if record.pk in replaced), key=box.row_key, ended=True)
    return [
        (
            record,
            record.in_latest(box.unseal_json(record.content, place=record.place, former=record.first_place)),
        )
        for record in found
    ]


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
