"""What a link shows, said the same way before agreeing, to the one who opens it and in the archive; and its visits, to its resident."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import clock, long_date, number
from vault import types
from vault.records import wording
from vault.records.enums import Method
from vault.records.grants.documents import Document
from vault.records.models import GrantReading
from vault.records.values.decrypted import Opened, Origin, PaperOpened, SideOpened, Values
from vault.records.wording import label_value_pairs
from vault.sharing.agreements.link_contents import paper_size, size_text, values_text
from vault.sharing.agreements.links import Held
from vault.sharing.models import Visit
from vault.sharing.presenting.shares import paper_kinds

KILOBYTE = 1000


@dataclass(frozen=True)
class Sheet:
    """One record: where it comes from, how sure it is, and the fields that were chosen."""

    title: str
    origin: str
    tag: str
    tag_kind: str
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class File:
    """One file of a paper. `name`: what its download is called; the one that its resident gave it may say more than they meant."""

    paper_id: UUID
    position: int
    title: str
    text: str
    name: str
    side: SideOpened


def sheets(values: Values, fields: Sequence[str]) -> list[Sheet]:
    """By type, the newest record first; a record that says nothing of these fields is not there."""
    codes = list(dict.fromkeys(field.partition("#")[0] for field in fields))
    found = [sheet for code in codes for record in reversed(values.of_type(code)) for sheet in _sheets(record, fields)]
    return [sheet for sheet in found if sheet.rows]


def files(papers: Iterable[PaperOpened]) -> list[File]:
    return [_file(paper, side, number_) for paper in papers for number_, side in enumerate(paper.files, 1)]


def choices(held: Held, fields: Sequence[str]) -> list[tuple[str, str]]:
    """Each field of one type with its value of today."""
    found = []
    for field in fields:
        told = values_text(held.values, [field], newest=1)
        others = len(held.values.of_type(field.partition("#")[0])) - 1
        more = ngettext("et %(count)s autre plus ancien", "et %(count)s autres plus anciens", others) % {
            "count": others
        }
        line = _("%(what)s : %(value)s") % {"what": types.field(field).label, "value": told or "–"}
        found.append((field, f"{line} ({more})" if others else line))
    return found


def paper_choices(held: Held) -> list[tuple[str, str]]:
    return [
        (str(paper.paper_id), _("%(what)s : %(value)s") % {"what": paper.title, "value": paper_size(paper)})
        for paper in held.papers
    ]


def document_choices(held: Held) -> list[tuple[str, str]]:
    return [(str(one.id), f"{one.title} ({size_text(one.pages, one.size)})") for one in held.documents]


def documents(found: Iterable[Document]) -> list[dict[str, Any]]:
    """For vault/sharing/agreements/links/shown.html."""
    return [{"id": one.id, "title": one.title, "text": size_text(one.pages, one.size)} for one in found]


def text(found: Sequence[Sheet], head: Sequence[str]) -> str:
    """The values as a file that any computer reads."""
    lines = list(head)
    for sheet in found:
        lines += ["", sheet.title, f"({sheet.origin}, {sheet.tag})"]
        lines += [_("%(what)s : %(value)s") % {"what": row["key"], "value": row["value"]} for row in sheet.rows]
    return "\r\n".join([*lines, ""])


def visits(found: Sequence[Visit], readings: Iterable[GrantReading]) -> list[dict[str, str]]:
    """As components/lines.html takes it: when, and what was seen and downloaded."""
    by_visit: dict[UUID | None, list[GrantReading]] = {}
    for reading in readings:
        by_visit.setdefault(reading.visit, []).append(reading)
    kinds = paper_kinds(reading for of_one in by_visit.values() for reading in of_one)
    return [{"label": moment(visit), "text": _seen(by_visit.get(visit.pk, []), kinds)} for visit in found]


def moment(visit: Visit) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(visit.at), "hour": clock(visit.at)}


def spaced(code: str) -> str:
    """In two halves, to be said aloud."""
    return f"{code[:4]} {code[4:]}"


def _sheets(record: Opened, fields: Sequence[str]) -> list[Sheet]:
    """What the resident corrected is told apart from what proves itself: one sheet for each origin."""
    by_origin: dict[Origin, list[str]] = {}
    for field in fields:
        type_code, _sharp, pointer = field.partition("#/")
        if type_code == record.type:
            by_origin.setdefault(record.origin(pointer.split("/")[0]), []).append(field)
    return [_sheet(record, origin, of_one) for origin, of_one in by_origin.items()]


def _sheet(record: Opened, origin: Origin, fields: Sequence[str]) -> Sheet:
    who = _("Déclaré par la personne") if origin.method == Method.TYPED else wording.holder(origin.holder)
    told = {"holder": who, "day": long_date(origin.issued_at or origin.at)}
    rows = [{"key": label, "value": value} for label, value in label_value_pairs(record.type, record.payload, fields)]
    until = record.validity.end
    tag, tag_kind = (
        wording.state(record, origin) if until and until < timezone.localdate() else wording.assurance_tag(origin)
    )
    return Sheet(wording.heading(record), _("%(holder)s, le %(day)s") % told, tag, tag_kind, rows)


def _file(paper: PaperOpened, side: SideOpened, number_: int) -> File:
    many = len(paper.files) > 1
    title = _("%(paper)s, fichier %(number)s") % {"paper": paper.title, "number": number_} if many else paper.title
    size = _("%(size)s Ko") % {"size": number(max(1, side.size // KILOBYTE))}
    suffix = PurePath(side.name).suffix.lower()
    return File(paper.paper_id, side.position, title, size, f"{slugify(title) or 'papier'}{suffix}", side)


def _seen(readings: Sequence[GrantReading], kinds: Mapping[str, Any]) -> str:
    looked = sum(not reading.paper_kind for reading in readings)
    taken = [kinds.get(reading.paper_kind, _("un papier")) for reading in reversed(readings) if reading.paper_kind]
    told = (
        [ngettext("La page, %(count)s fois", "La page, %(count)s fois", looked) % {"count": looked}] if looked else []
    )
    told += [_("téléchargé : %(papers)s") % {"papers": ", ".join(dict.fromkeys(taken))}] if taken else []
    return "\u00a0; ".join(told) or _("Le code était bon, et rien n’a été ouvert.")
