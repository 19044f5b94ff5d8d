"""A link's content, presented alike before agreeing, to the visitor and in the archive; and its visits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import clock, long_date, short_date, size
from vault import types
from vault.records import wording
from vault.records.grants.documents import Document
from vault.records.models import GrantReading
from vault.records.values.decrypted import Opened, Origin, PaperOpened, SideOpened, Values
from vault.records.wording import label_value_pairs
from vault.sharing.agreements.link_contents import paper_size, size_text, values_text
from vault.sharing.agreements.links import Held
from vault.sharing.models import Visit
from vault.sharing.presenting import months
from vault.sharing.presenting.shares import paper_kinds


@dataclass(frozen=True)
class Sheet:
    """The chosen fields of one record that have one origin, with that origin and its assurance."""

    title: str
    origin: str
    tag: str
    tag_kind: str
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class File:
    """One file of a paper.

    `name` is the name of its download. It is not the uploaded file's name, which may reveal more than the resident
    meant.
    """

    paper_id: UUID
    position: int
    title: str
    text: str
    name: str
    side: SideOpened


def sheets(values: Values, fields: Sequence[str]) -> list[Sheet]:
    """Return sheets in the order of the fields' types, newest record first. Skip records without the fields."""
    codes = list(dict.fromkeys(field.partition("#")[0] for field in fields))
    found = [sheet for code in codes for record in reversed(values.of_type(code)) for sheet in _sheets(record, fields)]
    return [sheet for sheet in found if sheet.rows]


def shown(values: Values, fields: Sequence[str]) -> dict[str, Any]:
    """Return the values for `sharing/links/shown.html`: those of months in tables, the others in sheets."""
    once = Values([record for record in values if not months.is_table(values.of_type(record.type))])
    return {"tables": months.tables(values, fields), "sheets": sheets(once, fields)}


def files(papers: Iterable[PaperOpened]) -> list[File]:
    return [_file(paper, file, number_) for paper in papers for number_, file in enumerate(paper.files, 1)]


def choices(held: Held, fields: Sequence[str]) -> list[tuple[str, str]]:
    """Return each field of one type as a choice, with its current value."""
    found = []
    for field in fields:
        text = values_text(held.values, [field], newest=1)
        others = len(held.values.of_type(field.partition("#")[0])) - 1
        more = ngettext("et %(count)s autre plus ancien", "et %(count)s autres plus anciens", others) % {
            "count": others
        }
        label = _("%(what)s : %(value)s") % {"what": types.field(field).label, "value": text or "–"}
        found.append((field, f"{label} ({more})" if others else label))
    return found


def paper_choices(held: Held, used: Sequence[UUID] = ()) -> list[tuple[str, str]]:
    """Return each paper as a choice, the papers `used` in the last links first."""
    rank = {paper_id: place for place, paper_id in enumerate(used)}
    papers = sorted(held.papers, key=lambda paper: rank.get(paper.paper_id, len(rank)))
    return [
        (str(paper.paper_id), _("%(what)s : %(value)s") % {"what": paper.title, "value": paper_size(paper)})
        for paper in papers
    ]


def choice_text(fields: int, files: int, at: datetime) -> str:
    """Return what a former link held: “3 papiers, 2 valeurs. Fait le 12 novembre”."""
    parts = []
    if files:
        parts.append(ngettext("%(count)s papier", "%(count)s papiers", files) % {"count": files})
    if fields:
        parts.append(ngettext("%(count)s valeur", "%(count)s valeurs", fields) % {"count": fields})
    return _("%(what)s. Fait le %(day)s") % {"what": ", ".join(parts), "day": short_date(at)}


def document_choices(held: Held) -> list[tuple[str, str]]:
    return [(str(one.id), f"{one.title} ({size_text(one.pages, one.size)})") for one in held.documents]


def documents(found: Iterable[Document]) -> list[dict[str, Any]]:
    """Return the documents' rows for the template `sharing/links/shown.html`."""
    return [{"id": one.id, "title": one.title, "text": size_text(one.pages, one.size)} for one in found]


def text(found: Sequence[Sheet], head: Sequence[str]) -> str:
    """Return the sheets as a plain text file with CRLF line ends."""
    lines = list(head)
    for sheet in found:
        lines += ["", sheet.title, f"({sheet.origin}, {sheet.tag})"]
        lines += [_("%(what)s : %(value)s") % {"what": row["key"], "value": row["value"]} for row in sheet.rows]
    return "\r\n".join([*lines, ""])


def visits(found: Sequence[Visit], readings: Iterable[GrantReading]) -> list[dict[str, str]]:
    """Return rows for `components/lines.html`: the time of each visit, what was read and downloaded."""
    by_visit: dict[UUID | None, list[GrantReading]] = {}
    for reading in readings:
        by_visit.setdefault(reading.visit, []).append(reading)
    kinds = paper_kinds(reading for group in by_visit.values() for reading in group)
    return [{"label": moment(visit), "text": _readings_text(by_visit.get(visit.pk, []), kinds)} for visit in found]


def moment(visit: Visit) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(visit.at), "hour": clock(visit.at)}


def spaced(code: str) -> str:
    """Return the code in two halves, easier to say aloud."""
    return f"{code[:4]} {code[4:]}"


def _sheets(record: Opened, fields: Sequence[str]) -> list[Sheet]:
    """Return one sheet per origin, so that values corrected by the resident stand apart from proven ones."""
    by_origin: dict[Origin, list[str]] = {}
    for field in fields:
        type_code, _sharp, pointer = field.partition("#/")
        if type_code == record.type:
            by_origin.setdefault(record.origin(pointer.split("/")[0]), []).append(field)
    return [_sheet(record, origin, chosen) for origin, chosen in by_origin.items()]


def _sheet(record: Opened, origin: Origin, fields: Sequence[str]) -> Sheet:
    rows = [{"key": label, "value": value} for label, value in label_value_pairs(record.type, record.payload, fields)]
    until = record.validity.end
    tag, tag_kind = (
        wording.state(record, origin) if until and until < timezone.localdate() else wording.assurance_tag(origin)
    )
    return Sheet(wording.heading(record), months.origin_words(origin), tag, tag_kind, rows)


def _file(paper: PaperOpened, file: SideOpened, number_: int) -> File:
    many = len(paper.files) > 1
    title = _("%(paper)s, fichier %(number)s") % {"paper": paper.title, "number": number_} if many else paper.title
    suffix = PurePath(file.name).suffix.lower()
    return File(paper.paper_id, file.position, title, size(file.size), f"{slugify(title) or 'papier'}{suffix}", file)


def _readings_text(readings: Sequence[GrantReading], kinds: Mapping[str, Any]) -> str:
    reads = sum(not reading.paper_kind for reading in readings)
    taken = [kinds.get(reading.paper_kind, _("un papier")) for reading in reversed(readings) if reading.paper_kind]
    texts = [ngettext("La page, %(count)s fois", "La page, %(count)s fois", reads) % {"count": reads}] if reads else []
    texts += [_("téléchargé : %(papers)s") % {"papers": ", ".join(dict.fromkeys(taken))}] if taken else []
    return "\u00a0; ".join(texts) or _("Le code était bon, et rien n’a été ouvert.")
