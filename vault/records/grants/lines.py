"""The lines of a grant that its resident may take out, one by one. No value, and nothing is decrypted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vault import types
from vault.records.grants import agreements, documents
from vault.records.grants.agreements import Agreement
from vault.records.models import Grant, PaperKind


@dataclass(frozen=True)
class Line:
    """Fields that mean one thing together, or one paper or document.

    `ids` are what the grant's rows name: fields, or the id of the paper or document. `why` is the recipient's reason
    for asking. Without a `required` line the recipient can do nothing.
    """

    code: str
    label: str
    ids: tuple[str, ...]
    required: bool = False
    why: str = ""
    kind: str = ""

    @property
    def writes(self) -> list[str]:
        return [id for id in self.ids if id.startswith(agreements.WRITE)]

    @property
    def fields(self) -> list[str]:
        return [id for id in self.ids if "#/" in id]


def lines_of(grant: Grant) -> list[Line]:
    """Return the lines that are still in a grant. Call it in the resident's scope."""
    agreement = agreements.of(grant)
    return [*_values(grant, agreement), *_papers(grant, agreement), *_documents(grant), *_writes(grant, agreement)]


def may_take_out(grant: Grant, line: Line, among: Sequence[Line]) -> bool:
    """Return whether the grant goes on without this one of its lines. Otherwise the resident stops the whole."""
    return may_narrow(grant) and not line.required and len(among) > 1


def may_narrow(grant: Grant) -> bool:
    """Return whether lines may be taken out at all: not of a copy, which left on the day of the agreement."""
    agreement = agreements.of(grant)
    return grant.stands and not (agreement is not None and agreement.copied)


def _values(grant: Grant, agreement: Agreement | None) -> Iterator[Line]:
    left = dict.fromkeys(sorted(agreements.fields_of(grant)))
    for item in agreement.named(left) if agreement is not None else ():
        yield Line(item.code, str(item.label), item.fields, item.required, str(item.hint))
        left = {field: None for field in left if field not in item.fields}
    for field in left:
        yield Line(field, _label(field), (field,))


def _papers(grant: Grant, agreement: Agreement | None) -> Iterator[Line]:
    papers = [row.paper for row in grant.papers.select_related("paper").order_by("pk")]
    kinds = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in={paper.kind for paper in papers})}
    asked = {one.kind: one for one in agreement.papers} if agreement is not None else {}
    for paper in papers:
        item = asked.get(paper.kind)
        last = sum(one.kind == paper.kind for one in papers) == 1
        id = str(paper.pk)
        yield Line(
            id,
            str(kinds.get(paper.kind, paper.kind)),
            (id,),
            item is not None and item.required and last,
            str(item.hint) if item else "",
            paper.kind,
        )


def _documents(grant: Grant) -> Iterator[Line]:
    for one in documents.opened_by(grant):
        yield Line(str(one.id), one.title, (str(one.id),), kind=one.kind)


def _writes(grant: Grant, agreement: Agreement | None) -> Iterator[Line]:
    asked = {one.type: one for one in agreement.writes} if agreement is not None else {}
    for type_code in agreements.writes_of(grant):
        code = f"{agreements.WRITE}{type_code}"
        yield Line(code, str(asked[type_code].label) if type_code in asked else code, (code,), kind=agreements.WRITE)


def _label(field: str) -> str:
    try:
        return types.field(field).label
    except LookupError:
        return field
