"""The content of a dossier as plain data; the renderer receives only these dataclasses.

Always in French, whatever the resident's language: an agency may refuse a paper in another language.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

FORMAT = "garant.dossier/1"


class Assurance(StrEnum):
    """The printed assurance of a value, derived from that of its record."""

    VERIFIED = "verified"
    CONSISTENT = "consistent"
    DECLARED = "declared"

    @classmethod
    def of(cls, record_assurance: str) -> "Assurance":
        levels = {"holder_verified": cls.VERIFIED, "signature_verified": cls.VERIFIED, "consistent": cls.CONSISTENT}
        return levels.get(record_assurance, cls.DECLARED)


@dataclass(frozen=True)
class Issuer:
    """The city that makes the dossier. `verify_url` is the public page, without a code."""

    name: str
    verify_url: str
    portal: str = "Garant"
    logo: bytes | None = None
    logo_type: str = "image/svg+xml"

    @property
    def verify_page(self) -> str:
        """Return the URL without its scheme, as printed."""
        return self.verify_url.partition("://")[2].rstrip("/")


@dataclass(frozen=True)
class Fact:
    label: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """Facts about a person or the household."""

    title: str
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Value:
    field_id: str
    label: str
    text: str
    raw: Any
    origin: str
    at: date | None
    assurance: Assurance


@dataclass(frozen=True)
class ValueGroup:
    title: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Reason:
    """One condition of the computation. `amount` and `limit` are set if it compares two numbers."""

    text: str
    met: bool | None
    figure: str = ""
    threshold: str = ""
    law: str = ""
    origin: str = ""
    amount: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Computation:
    code: str
    title: str
    result: str
    reasons: Sequence[Reason]
    note: str = ""


@dataclass(frozen=True)
class PartWords:
    """The number of this part in a couple's dossier and the sentence on its cover; empty for a dossier of one part."""

    number: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Box:
    """An area of a page, in pixels, without watermark, so that a machine can read its code."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)


@dataclass(frozen=True)
class PageImage:
    jpeg: bytes = field(repr=False)
    width: int
    height: int
    clear: Sequence[Box] = ()


@dataclass(frozen=True)
class PaperPages:
    """A paper as page images. `sha256` is the hash of the vault's file."""

    kind: str
    title: str
    origin: str
    sha256: str
    checks: Sequence[str]
    pages: Sequence[PageImage]


@dataclass(frozen=True)
class FilledForm:
    """An official form as page images, and each of its lines as text. `pdf` is attached to the dossier."""

    code: str
    title: str
    number: str
    version: int
    blank: str
    lines: Sequence[Fact]
    pages: Sequence[PageImage]
    pdf: bytes = field(repr=False)


@dataclass(frozen=True)
class DossierContent:
    number: str
    title: str
    applicant: str
    recipient: str
    purpose: str
    made_at: datetime
    expires_on: date
    code: str
    issuer: Issuer
    letter: str = ""
    forms: Sequence[FilledForm] = ()
    sheets: Sequence[Sheet] = ()
    groups: Sequence[ValueGroup] = ()
    computations: Sequence[Computation] = ()
    papers: Sequence[PaperPages] = ()
    left_out: Sequence[str] = ()
    part: PartWords = PartWords()

    @cached_property
    def data(self) -> bytes:
        """Return the content as canonical JSON, embedded in the PDF. The QR code holds its hash."""
        return json.dumps(self._document(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def data_hash(self) -> bytes:
        return hashlib.sha256(self.data).digest()

    def _document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "number": self.number,
            "part": {"number": self.part.number, "text": self.part.text},
            "title": self.title,
            "issuer": self.issuer.name,
            "recipient": self.recipient,
            "purpose": self.purpose,
            "made_at": self.made_at.isoformat(),
            "applicant": self.applicant,
            "letter": self.letter,
            "forms": [_form(form) for form in self.forms],
            "sheets": [
                {"title": sheet.title, "lines": {fact.label: fact.text for fact in sheet.facts}}
                for sheet in self.sheets
            ],
            "values": [_value(value) for group in self.groups for value in group.values],
            "computations": [_computation(one) for one in self.computations],
            "papers": [_paper(paper) for paper in self.papers],
            "left_out": list(self.left_out),
        }


def _form(form: FilledForm) -> dict[str, Any]:
    return {
        "code": form.code,
        "title": form.title,
        "number": form.number,
        "version": form.version,
        "blank": form.blank,
        "lines": {fact.label: fact.text for fact in form.lines},
    }


def _value(value: Value) -> dict[str, Any]:
    return {
        "field": value.field_id,
        "label": value.label,
        "value": value.raw,
        "text": value.text,
        "origin": value.origin,
        "date": value.at.isoformat() if value.at else None,
        "assurance": value.assurance.value,
    }


def _paper(paper: PaperPages) -> dict[str, Any]:
    return {
        "kind": paper.kind,
        "title": paper.title,
        "origin": paper.origin,
        "sha256": paper.sha256,
        "pages": len(paper.pages),
        "checks": list(paper.checks),
    }


def _computation(computation: Computation) -> dict[str, Any]:
    reasons = [
        {"text": r.text, "met": r.met, "figure": r.figure, "threshold": r.threshold, "law": r.law, "origin": r.origin}
        for r in computation.reasons
    ]
    data = {
        "code": computation.code,
        "title": computation.title,
        "result": computation.result,
        "note": computation.note,
    }
    return {**data, "reasons": reasons}
