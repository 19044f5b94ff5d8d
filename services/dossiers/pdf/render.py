"""Render a dossier's content as a tagged PDF, in one run. The same content always gives the same bytes.

This process writes the text; a child that owns nothing (`layer.py`) opens the images and lays the pages out: a hostile
file may have taken over the child that drew them.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import segno
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.confinement import answers, starting
from core.pdf import leftovers
from services.dossiers.pdf.content import Assurance, DossierContent, Reason

CHILD = Path(__file__).with_name("layer.py")
STYLE = Path(__file__).with_name("style.css")
#: Seconds, as long as a job may take.
WAIT = 900
MAX_LINE = 10_000
#: Bytes of a PDF: so many, and so many times what its images and files had. A watermark doubles a page at most.
MAX_TEXT, GROWTH = 64 * 1024 * 1024, 3
#: Those of its papers, and what is written of a household.
MAX_PAGES = 2_000
DATA_NAME = "dossier.json"
# Longest table of contents on the cover; a longer one has its own page.
COVER_LINES = 9
COVER_LINES_OF_PART = 6

Progress = Callable[[int, int], None]


class NotLaidOut(Exception):
    """The child was stopped, or its answer is not a PDF."""


@dataclass(frozen=True)
class Part:
    """Bytes that the child receives, and what it is told of them."""

    about: dict[str, Any]
    content: bytes


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
    """Return the PDF before its seal, and its number of pages.

    Args:
        progress: called after each page of a paper; it may raise to stop.

    Raises:
        NotLaidOut
        NotConfined: this machine cannot confine a child, in production.
    """
    files, attachments = list(_files(content)), [_data(content), *_forms(content)]
    told = {
        "html": _html(content),
        "style": STYLE.read_text(),
        "mark": _mark(content),
        "identifier": content.data_hash[:16].hex(),
        "made_at": content.made_at.isoformat(),
        "files": [part.about | {"bytes": len(part.content)} for part in files],
        "attachments": [part.about | {"bytes": len(part.content)} for part in attachments],
    }
    sent = [json.dumps(told).encode() + b"\n", *(part.content for part in (*files, *attachments))]
    most = MAX_TEXT + GROWTH * sum(map(len, sent))
    return ask(sent, total=sum(len(paper.pages) for paper in content.papers), most=most, progress=progress)


def ask(sent: list[bytes], *, total: int, most: int, progress: Progress) -> tuple[bytes, int]:
    """Send the parts to the child, which may write one folder of fonts, and return its PDF and number of pages."""
    folder = leftovers.make()
    try:
        with starting.started(CHILD, seconds=WAIT, TMPDIR=str(folder)) as process:
            assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
            try:
                for part in sent:
                    process.stdin.write(part)
                process.stdin.close()
            except BrokenPipeError:
                raise NotLaidOut from None
            return answer(process.stdout, total=total, most=most, progress=progress)
    finally:
        leftovers.remove_one(folder)


def answer(output: IO[bytes], *, total: int, most: int, progress: Progress) -> tuple[bytes, int]:
    """Read a line after each page, then the PDF. Its size and its number of pages are only what the child says."""
    done = 0
    try:
        while "pages" not in (message := answers.message(output, most=MAX_LINE)):
            done += 1
            if done > total:
                raise NotLaidOut
            progress(done, total)
        pages = answers.parsed(int, message["pages"])
        pdf = answers.content(output, message.get("bytes"), most=most)
    except answers.BadAnswer:
        raise NotLaidOut from None
    if not 0 < pages <= MAX_PAGES or not pdf.startswith(b"%PDF"):
        raise NotLaidOut
    return pdf, pages


def _mark(content: DossierContent) -> str:
    day = timezone.localtime(content.made_at)
    return f"Réservé à : {content.recipient}. Pour : {content.purpose}. Dossier {content.number}, {day:%d/%m/%Y}."


def _files(content: DossierContent) -> Iterator[Part]:
    """Yield what the pages show, in the order in which the child marks the papers."""
    for number, paper in enumerate(content.papers, 1):
        for index, page in enumerate(paper.pages, 1):
            clear = [[box.left, box.top, box.right, box.bottom] for box in page.clear]
            yield Part(_image(f"paper/{number}/{index}") | {"clear": clear}, page.jpeg)
    for number, form in enumerate(content.forms, 1):
        for index, page in enumerate(form.pages, 1):
            yield Part(_image(f"form/{number}/{index}"), page.jpeg)
    yield Part({"name": "qr.svg", "type": "image/svg+xml"}, _qr(content))
    if content.issuer.logo:
        yield Part({"name": "logo", "type": content.issuer.logo_type}, content.issuer.logo)


def _image(name: str) -> dict[str, Any]:
    return {"name": name, "type": "image/jpeg"}


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


def _data(content: DossierContent) -> Part:
    about = "Les données de ce dossier, lisibles par une machine"
    return Part({"name": DATA_NAME, "description": about, "relationship": "Data"}, content.data)


def _forms(content: DossierContent) -> list[Part]:
    """Return the forms as files with fields, after the data, which a reader takes first."""
    return [
        Part(
            {"name": f"formulaire-{form.code}.pdf", "description": form.title, "relationship": "Supplement"}, form.pdf
        )
        for form in content.forms
    ]
