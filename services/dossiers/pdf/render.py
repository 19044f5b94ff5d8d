"""Render a dossier's content as a tagged PDF, in one run. The same content always gives the same bytes."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydyf
import segno
from django.template.loader import render_to_string
from django.utils import timezone, translation
from weasyprint import Attachment, Document

from core.pdf.assets import Assets
from core.pdf.layout import VARIANT, lay_out
from services.dossiers.pdf.content import Assurance, DossierContent, Reason
from services.dossiers.pdf.watermark import Watermark

STYLE = Path(__file__).with_name("style.css")
DATA_NAME = "dossier.json"
# Longest table of contents on the cover; a longer one has its own page.
COVER_LINES = 9
COVER_LINES_OF_PART = 6

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    anchor: str
    title: str
    level: int = 1


@dataclass(frozen=True)
class Gauge:
    """A bar and its limit, in whole units of a drawing 640 wide."""

    bar: int
    limit: int
    bar_label: int
    limit_label: int


def unsealed(content: DossierContent, *, progress: Progress = lambda done, total: None) -> tuple[bytes, int]:
    """Return the PDF before its seal, and its number of pages."""
    stamped = stamp(content, progress=progress)
    document = _document(stamped)
    pdf = document.write_pdf(
        pdf_variant=VARIANT,
        pdf_identifier=content.data_hash[:16],
        attachments=[_data(stamped), *_forms(stamped)],
        finisher=_tidy,
    )
    return pdf, len(document.pages)


def stamp(content: DossierContent, *, progress: Progress) -> DossierContent:
    """Watermark every page image. `progress` is called after each page and may raise to stop."""
    day = timezone.localtime(content.made_at)
    mark = Watermark(
        f"Réservé à : {content.recipient}. Pour : {content.purpose}. Dossier {content.number}, {day:%d/%m/%Y}."
    )
    total, done, papers = sum(len(paper.pages) for paper in content.papers), 0, []
    for paper in content.papers:
        pages = []
        for page in paper.pages:
            pages.append(mark.stamp(page))
            done += 1
            progress(done, total)
        papers.append(replace(paper, pages=pages))
    return replace(content, papers=papers)


def _document(content: DossierContent) -> Document:
    files = {"qr.svg": (_qr(content), "image/svg+xml")}
    if content.issuer.logo:
        files["logo"] = (content.issuer.logo, content.issuer.logo_type)
    for number, paper in enumerate(content.papers, 1):
        files |= {f"paper/{number}/{index}": (page.jpeg, "image/jpeg") for index, page in enumerate(paper.pages, 1)}
    for number, form in enumerate(content.forms, 1):
        files |= {f"form/{number}/{index}": (page.jpeg, "image/jpeg") for index, page in enumerate(form.pages, 1)}
    return lay_out(_html(content), style=STYLE.read_text(), files=files)


def _html(content: DossierContent) -> str:
    entries = _entries(content)
    levels = [value.assurance for group in content.groups for value in group.values]
    with translation.override("fr"):
        return render_to_string(
            "dossiers/pdf/dossier.html",
            {
                "dossier": content,
                "entries": entries,
                "contents_on_cover": len(entries) <= (COVER_LINES_OF_PART if content.part.text else COVER_LINES),
                "values": len(levels),
                "verified": levels.count(Assurance.VERIFIED),
                "consistent": Assurance.CONSISTENT in levels,
                "pages": sum(len(paper.pages) for paper in content.papers),
                "computations": [
                    (one, [(reason, gauge(reason)) for reason in one.reasons]) for one in content.computations
                ],
            },
        )


def _entries(content: DossierContent) -> list[Entry]:
    parts: list[tuple[Any, Entry]] = [
        (content.letter, Entry("lettre", "Lettre de demande")),
        *((form, Entry(f"formulaire-{number}", form.title)) for number, form in enumerate(content.forms, 1)),
        (content.sheets, Entry("foyer", "Identité et foyer")),
        (content.groups, Entry("valeurs", "Les valeurs et leur origine")),
        (content.computations, Entry("calcul", "Le calcul")),
        (content.papers or content.left_out, Entry("papiers", "Les papiers joints")),
    ]
    entries = [entry for present, entry in parts if present]
    return entries + [Entry(f"papier-{number}", paper.title, 2) for number, paper in enumerate(content.papers, 1)]


def gauge(reason: Reason) -> Gauge | None:
    """Return the positions of the bar and the limit, or None unless the condition compares two positive numbers."""
    if reason.amount is None or not reason.limit or reason.limit < 0 or reason.amount < 0:
        return None
    scale = 636 / (max(reason.amount, reason.limit) * 1.38)
    bar, limit = reason.amount * scale, reason.limit * scale
    return Gauge(
        round(bar),
        round(limit) + 2,
        bar_label=round(min(max(bar, 90), 550)),
        limit_label=round(min(max(limit, 70), 570)),
    )


def _qr(content: DossierContent) -> bytes:
    """Return a QR code of the verification URL with the code and the data hash, so that one scan compares both."""
    out = io.BytesIO()
    address = f"{content.issuer.verify_url}{content.code}/?donnees={content.data_hash.hex()}"
    segno.make_qr(address, error="m").save(
        out, kind="svg", border=0, dark="#20262d", xmldecl=False, svgns=True, omitsize=True
    )
    return out.getvalue()


def _data(content: DossierContent) -> Attachment:
    return Attachment(
        string=content.data,
        name=DATA_NAME,
        description="Les données de ce dossier, lisibles par une machine",
        created=content.made_at,
        modified=content.made_at,
        relationship="Data",
        url_fetcher=Assets({}),
    )


def _forms(content: DossierContent) -> list[Attachment]:
    """Return the forms as files with fields, after the data, which a reader takes first."""
    return [
        Attachment(
            string=form.pdf,
            name=f"formulaire-{form.code}.pdf",
            description=form.title,
            created=content.made_at,
            modified=content.made_at,
            relationship="Supplement",
            url_fetcher=Assets({}),
        )
        for form in content.forms
    ]


def _tidy(document: Document, pdf: pydyf.PDF) -> None:
    """Remove the duplicates of the catalogue's /AF: WeasyPrint lists each attachment twice."""
    pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
