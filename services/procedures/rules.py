"""What a procedure asks: the shape that dossiers read, whether an agent wrote it or it came with the portal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from core import schemas
from services.aids import catalogue
from services.aids.catalogue import Aid, Appeal, Delay, Form, PaperNeed
from services.procedures.enums import Kind, Subject
from vault import types

SCHEMA: Final = Path(__file__).parent / "content" / "procedure.schema.json"
#: Limits of one procedure. A dossier's page shows all of it at once.
MOST_SECTIONS, MOST_FIELDS, MOST_PAPERS, MOST_GUARANTORS = 12, 60, 40, 2
MOST_PROBLEMS: Final = 8
#: The part of a document that columns hold, not `Procedure.rules`.
COLUMNS: Final = ("code", "version", "title", "office", "opens_on", "closes_on", "review_on")


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of a procedure. `version` is 0 for one that came with the portal and has no row."""

    code: str
    version: int
    title: str
    kind: str
    subject: str
    organisation: str
    where_to_send: tuple[str, ...]
    forms: tuple[Form, ...]
    sections: tuple[Section, ...]
    papers: tuple[PaperNeed, ...]
    most_guarantors: int
    guarantor_papers: tuple[PaperNeed, ...]
    co_holder: bool
    decision_delay: Delay
    appeals: tuple[Appeal, ...]
    summary: str = ""
    act: str = ""
    renewal: str | None = None
    notes: str | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    for_aids: tuple[str, ...] = ()
    form: str = ""
    #: The organisation of this portal that receives the requests.
    office: UUID | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(field for section in self.sections for field in section.fields))

    @property
    def name(self) -> str:
        return catalogue.name_of(self.title)


def of_aid(aid: Aid) -> Rules:
    """Return what came with the portal in the catalogue of aids."""
    return Rules(
        code=aid.code,
        version=0,
        title=aid.title,
        kind=Kind.AID,
        subject=Subject.OTHER,
        organisation=aid.organisation,
        where_to_send=aid.where_to_send,
        forms=aid.forms,
        sections=(Section("", aid.fields),),
        papers=aid.papers,
        most_guarantors=0,
        guarantor_papers=(),
        co_holder=True,
        decision_delay=aid.decision_delay,
        appeals=aid.appeals,
        for_aids=aid.for_aids,
    )


def of_document(item: Mapping[str, Any], *, office: UUID | None) -> Rules:
    """Return a document that follows the schema. `office` is the one that it names."""
    guarantors = item["guarantors"]
    return Rules(
        **{name: item[name] for name in ("code", "version", "title", "kind", "subject", "organisation")},
        **{name: item[name] for name in ("co_holder", "summary", "act", "renewal", "notes")},
        where_to_send=tuple(item["where_to_send"]),
        forms=(),
        sections=tuple(Section(one["title"], tuple(one["fields"])) for one in item["sections"]),
        papers=tuple(map(catalogue.paper_need, item["papers"])),
        most_guarantors=guarantors["most"],
        guarantor_papers=tuple(map(catalogue.paper_need, guarantors["papers"])),
        decision_delay=Delay(**item["decision_delay"]),
        appeals=tuple(Appeal(**one) for one in item["appeals"]),
        opens_on=_day(item["opens_on"]),
        closes_on=_day(item["closes_on"]),
        for_aids=tuple(item.get("for_aids", ())),
        form=item.get("form") or "",
        office=office,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def problems(item: Mapping[str, Any]) -> list[str]:
    """Return why a document cannot be read at all, each in a sentence. A big one is looked at no further."""
    if too_big := oversized(item):
        return too_big
    found = [
        _("%(place)s : %(problem)s")
        % {"place": schemas.place(error) or _("la racine"), "problem": error.message[:200]}
        for error in _validator().iter_errors(item)
    ][:MOST_PROBLEMS]
    return found or _bad_dates(item) or _unknown_fields(item)


def blank(title: str, organisation: str, review_on: date) -> dict[str, Any]:
    """Return a procedure that somebody begins."""
    delay = {"months": None, "silence_means": None, "verified": True, "note": None}
    appeals = [
        {"step": 1, "to": _("L’organisme qui a décidé (recours gracieux)"), "deadline_months": 2},
        {"step": 2, "to": "Tribunal administratif", "deadline_months": 2},
    ]
    return {
        "code": "",
        "version": 1,
        "title": title,
        "kind": Kind.CITY.value,
        "subject": Subject.OTHER.value,
        "summary": "",
        "organisation": organisation,
        "office": None,
        "where_to_send": [organisation],
        "for_aids": [],
        "form": None,
        "act": "",
        "opens_on": None,
        "closes_on": None,
        "review_on": review_on.isoformat(),
        "sections": [],
        "bases": {},
        "papers": [],
        "guarantors": {"most": 0, "papers": []},
        "co_holder": False,
        "decision_delay": delay,
        "appeals": [{**one, "note": None, "verified": True} for one in appeals],
        "renewal": None,
        "notes": None,
    }


def to_write(item: Mapping[str, Any]) -> list[str]:
    """Return what a draft still lacks, each in a sentence."""
    guarantors = item["guarantors"]
    lacking = [
        (not item["act"].strip(), _("Écrivez le texte qui la fonde.")),
        (not item["summary"].strip(), _("Dites en quelques mots à quoi elle sert.")),
        (not any(section["fields"] for section in item["sections"]), _("Choisissez au moins une information.")),
        (item["decision_delay"]["silence_means"] is None, _("Dites ce que signifie le silence du service.")),
        (bool(guarantors["papers"]) != bool(guarantors["most"]), _("Dites combien de garants, et leurs papiers.")),
    ]
    return [text for lacks, text in lacking if lacks]


def oversized(item: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each limit that the document passes."""
    sections, papers = item.get("sections"), item.get("papers")
    sections = sections if isinstance(sections, list) else []
    lists = [one.get("fields") for one in sections if isinstance(one, dict)]
    fields = sum(map(_count, lists))
    counted = [
        (len(sections), MOST_SECTIONS, _("%(most)s parties au plus : il y en a %(count)s.")),
        (fields, MOST_FIELDS, _("%(most)s informations au plus : il y en a %(count)s. Gardez celles qui décident.")),
        (
            len(papers) if isinstance(papers, list) else 0,
            MOST_PAPERS,
            _("%(most)s papiers au plus : il y en a %(count)s."),
        ),
    ]
    return [text % {"most": most, "count": count} for count, most, text in counted if count > most]


def _count(listed: object) -> int:
    return len(listed) if isinstance(listed, list) else 0


def _bad_dates(item: Mapping[str, Any]) -> list[str]:
    try:
        first, last, _review = (_day(item[name]) for name in ("opens_on", "closes_on", "review_on"))
    except ValueError:
        return [_("Une date n’existe pas.")]
    return [_("La démarche ferme avant d’ouvrir.")] if first and last and last < first else []


def _unknown_fields(item: Mapping[str, Any]) -> list[str]:
    asked = [field for section in item["sections"] for field in section["fields"]]
    papers = [*item["papers"], *item["guarantors"]["papers"]]
    conditions = [paper["condition"] for paper in papers if paper["condition"]]
    asked += [condition["field"] for condition in conditions if "field" in condition]
    unknown = [field for field in asked if not types.field_exists(field)]
    unknown += [one["of"] for one in conditions if "of" in one and not types.is_known(one["of"])]
    return [_("Cette information n’existe pas dans un coffre : %(field)s") % {"field": field} for field in unknown[:3]]


@lru_cache(maxsize=1)
def _validator() -> schemas.Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    aids = catalogue.schema("aid_dossiers")
    shared = aids["properties"]["items"]["items"]["properties"]
    paper = {**shared["papers"]["items"]}
    paper["properties"] = {**paper["properties"], **schema["$defs"]["more_of_a_paper"]}
    defs = {**aids["$defs"], **schema["$defs"], "paper": paper}
    defs |= {name: shared[name] for name in ("decision_delay", "appeals", "where_to_send")}
    return schemas.validator({**schema, "$defs": defs})
