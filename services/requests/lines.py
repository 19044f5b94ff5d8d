"""The lines of a request: what the dossier's PDF says, taken from the data embedded in it.

They are French, as the PDF is: an office may refuse another language.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import pikepdf
from django.utils.translation import gettext_noop, override

from core import canonical
from services.dossiers.composing import IN_SHEETS
from services.dossiers.models import Dossier
from services.procedures.rules import Rules
from vault import types
from vault.records import gate
from vault.records.models import PaperKind

SHOW = gettext_noop("Envoyer un dossier à un service de la ville")
#: Sorts of line: a person's sheet, a value, a paper.
SHEET, VALUE, PAPER = "sheet", "value", "paper"


class NoLines(Exception):
    """The PDF is not one that the portal made of this dossier."""


@dataclass(frozen=True)
class Line:
    """One line, as the office reads it. `before` and `corrected_on` tell what the resident corrected, and when.

    Args:
        assurance: that of the PDF: verified, consistent or declared; empty for a paper or a sheet.
        kind: the field of a value, or the kind of a paper.
        paper: the paper sent in place of the one in the PDF; the office opens it through the grant.
    """

    code: str
    sort: str
    label: str
    text: str
    origin: str = ""
    on: str = ""
    assurance: str = ""
    kind: str = ""
    paper: str = ""
    before: str = ""
    corrected_on: str = ""


@dataclass(frozen=True)
class Content:
    """What was sent: who asks, the letter, the lines, what is missing."""

    applicant: str
    letter: str
    lines: Sequence[Line]
    left_out: Sequence[str] = ()
    file_hash: str = field(default="", repr=False)

    def note(self) -> dict[str, Any]:
        return {
            "applicant": self.applicant,
            "letter": self.letter,
            "lines": [asdict(line) for line in self.lines],
            "left_out": list(self.left_out),
            "file_hash": self.file_hash,
        }

    def line(self, code: str) -> Line | None:
        return next((line for line in self.lines if line.code == code), None)

    def with_line(self, changed: Line) -> "Content":
        """Return the content with a line in place of the one with its code, or after the others."""
        if self.line(changed.code) is None:
            return replace(self, lines=[*self.lines, changed])
        return replace(self, lines=[changed if line.code == changed.code else line for line in self.lines])

    @property
    def papers(self) -> list[UUID]:
        """Return the papers that corrections added, which the grant names."""
        return [UUID(line.paper) for line in self.lines if line.paper]


def from_note(note: Mapping[str, Any]) -> Content:
    lines = [Line(**line) for line in note["lines"]]
    return Content(note["applicant"], note["letter"], lines, note["left_out"], note["file_hash"])


def of_dossier(dossier: Dossier) -> Content:
    """Return what a finished dossier says, from the data embedded in its PDF. Writes one journal entry.

    Raises:
        NoLines
    """
    with gate.open_kept(row=dossier, purpose=SHOW) as file:
        pdf = file.read()
    return of_pdf(pdf, data_hash=dossier.seal.data_hash if dossier.seal else "")


def of_pdf(pdf: bytes, *, data_hash: str) -> Content:
    """Return what a dossier's PDF says. Cost: about 20 ms for twelve pages.

    Raises:
        NoLines: the PDF has no data of the dossier, or not those that were sealed.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            raw = opened.Root.AF[0].EF.F.read_bytes()
    except (pikepdf.PdfError, AttributeError, IndexError, KeyError):
        raise NoLines from None
    if hashlib.sha256(raw).hexdigest() != data_hash:
        raise NoLines
    data: dict[str, Any] = json.loads(raw)
    lines = [replace(line, code=f"l{place}") for place, line in enumerate(_lines(data))]
    return Content(data["applicant"], data["letter"], lines, data["left_out"], hashlib.sha256(pdf).hexdigest())


def _lines(data: Mapping[str, Any]) -> Iterator[Line]:
    for sheet in data["sheets"]:
        yield Line("", SHEET, sheet["title"], ", ".join(f"{label} : {text}" for label, text in sheet["lines"].items()))
    for form in data.get("forms", ()):
        yield Line("", SHEET, form["title"], ", ".join(f"{label} : {text}" for label, text in form["lines"].items()))
    for value in data["values"]:
        yield Line(
            "",
            VALUE,
            value["label"],
            value["text"],
            origin=value["origin"],
            on=value["date"] or "",
            assurance=value["assurance"],
            kind=value.get("field", ""),
        )
    for paper in data["papers"]:
        yield Line("", PAPER, paper["title"], paper["origin"], kind=paper["kind"])


def list_absent(content: Content, asked: Sequence[Rules], kinds: Mapping[str, PaperKind]) -> list[Line]:
    """Return what these procedures list and the request lacks: blank lines that an office may ask for.

    A type of which no field was sent is one line; else each field that was not.
    """
    with override("fr"):
        found = [*_absent_values(content, asked), *_absent_papers(content, asked, kinds)]
    return [line for line in found if content.line(line.code) is None]


def _absent_values(content: Content, asked: Sequence[Rules]) -> Iterator[Line]:
    by_type: dict[str, list[str]] = {}
    for field_id in dict.fromkeys(field_id for rules in asked for field_id in rules.fields):
        if types.field_exists(field_id):
            by_type.setdefault(field_id.partition("#")[0], []).append(field_id)
    values = [line for line in content.lines if line.sort == VALUE]
    for code, fields in by_type.items():
        title = types.get(code).title
        if code in IN_SHEETS:
            missing = fields if title in content.left_out else []
        else:
            missing = [field_id for field_id in fields if not any(_says(line, field_id) for line in values)]
        if len(missing) == len(fields):
            yield _blank(VALUE, title, code)
        else:
            yield from (_blank(VALUE, _of_type(title, field_id), field_id) for field_id in missing)


def _of_type(title: str, field_id: str) -> str:
    """Return the label of a field after its type's: “depuis le” alone says nothing."""
    label = str(types.field(field_id).label)
    return f"{title} : {label[:1].lower()}{label[1:]}" if not label[1:2].isupper() else f"{title} : {label}"


def _says(line: Line, field_id: str) -> bool:
    """Return whether a line has this field. Lines of earlier requests have its label alone."""
    label = types.field(field_id).label
    return line.kind == field_id or not line.kind and (line.label == label or line.label.startswith(f"{label}, "))


def _absent_papers(content: Content, asked: Sequence[Rules], kinds: Mapping[str, PaperKind]) -> Iterator[Line]:
    sent = {line.kind for line in content.lines if line.sort == PAPER}
    for need in {need.kind: need for rules in asked for need in rules.papers}.values():
        if need.kind in kinds and not sent.intersection([need.kind, *need.alternatives]):
            yield _blank(PAPER, kinds[need.kind].label, need.kind)


def _blank(sort: str, label: str, kind: str) -> Line:
    return Line(f"m{hashlib.sha256(f'{sort}:{kind}'.encode()).hexdigest()[:9]}", sort, label, "", kind=kind)


def corrected(line: Line, *, text: str, origin: str, today: date, paper: UUID | None = None) -> Line:
    """Return the line as the resident mended it. What it said first stays beside it."""
    return replace(
        line,
        text=text,
        origin=origin,
        on=today.isoformat(),
        assurance="" if line.sort != VALUE else "declared",
        paper=str(paper) if paper else line.paper,
        before=line.before or line.text,
        corrected_on=today.isoformat(),
    )


def fingerprint(content: Content, *more: str) -> str:
    """Return the fingerprint of what a page shows, so that nothing else is sent."""
    return hashlib.sha256(canonical.encode([content.note(), *more])).hexdigest()
