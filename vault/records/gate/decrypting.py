"""Decrypt records and papers, after the journal entry was written. The only module of the gate that turns content into
values.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction
from django_scopes import scope

from core import journal
from core.keys import sealed
from core.models.rows import check
from vault import types
from vault.records.gate.building import Decrypted, paper_opened, papers_named, paths_of, values_of
from vault.records.models import Paper, PaperFile, PaperKind, RecordQuerySet
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
        box = sealed.box(resident_id=resident_id)
        journal.write(
            resident_id=resident_id,
            actor_id=resident_id,
            event=event,
            purpose=purpose,
            fields=fields,
            details={name: str(value) for name, value in details.items() if value},
            opened=box,
        )
        yield box


def decrypt_records(records: RecordQuerySet, fields: Sequence[str], box: sealed.Box) -> Values:
    """Decrypt these records and keep the requested fields."""
    paths = paths_of(fields)
    found = decrypted(records, paths, box)
    named = papers_named(found)
    papers = list(Paper.objects.filter(pk__in=named)) if named else []
    check(*papers, key=box.row_key)
    return values_of(found, paths, {paper.pk for paper in papers if paper.expired})


def decrypted(records: RecordQuerySet, codes: Iterable[str], box: sealed.Box) -> list[Decrypted]:
    """Return the records of these types with their decrypted content. No other function decrypts a record."""
    found = records.filter(type__in=list(codes))
    check(*found, key=box.row_key)
    return [
        (
            record,
            record.in_latest(box.unseal_json(record.content, place=record.place, former=record.first_place)),
        )
        for record in found
    ]


def decrypt_papers(papers: Iterable[Paper], box: sealed.Box) -> list[PaperOpened]:
    found = sorted(papers, key=lambda paper: paper.created_at, reverse=True)
    files: dict[UUID, list[PaperFile]] = {}
    check(*found, key=box.row_key)
    for file in PaperFile.objects.filter(paper__in=found):
        check(file, key=box.row_key)
        files.setdefault(file.paper_id, []).append(file)
    if not found:
        return []
    kinds = {kind.code: kind for kind in PaperKind.objects.filter(code__in={paper.kind for paper in found})}
    return [
        paper_opened(
            paper, box.unseal_json(paper.content, place=paper.place), files.get(paper.pk, []), kinds.get(paper.kind)
        )
        for paper in found
    ]
