"""Facts about aids other than the law: organisations, papers, forms, deadlines, appeals, urgent situations, shipped
local aids.

The files are in content/, each with its JSON Schema; a test validates them and the references between them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language, gettext

FOLDER: Final = Path(__file__).parent / "content"
# Local aids of a demonstration city: one depends on the quotient, one on age, one on the commune.
DEMONSTRATION: Final = ("cantine-qf", "transport-moins-18", "carte-culture-jeune")


class UnknownAid(LookupError):
    """No catalogue entry has this code."""


@dataclass(frozen=True, slots=True)
class Period:
    """Which of several papers of a kind is wanted: the valid one, the latest, one that is recent, the last months."""

    type: str
    months: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """When a paper is wanted, as a rule on the vault. `question` is asked if the vault does not answer."""

    type: str
    field: str = ""
    values: tuple[str | bool | float, ...] = ()
    of: str = ""
    age_min: int | None = None
    age_max: int | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class PaperNeed:
    """A paper required by an aid. `who` is a role; with `each`, `count` is for each child."""

    kind: str
    who: str
    count: int
    period: Period | None
    condition: Condition | None
    alternatives: tuple[str, ...]
    required: bool
    each: str | None = None
    note: str | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    number: str
    title: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Appeal:
    step: int
    to: str
    deadline_months: int | None
    note: str | None
    verified: bool


@dataclass(frozen=True, slots=True)
class Delay:
    months: int | None
    silence_means: str | None
    verified: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Aid:
    code: str
    title: str
    scope: str
    organisation: str
    where_to_send: tuple[str, ...]
    automatic: bool
    forms: tuple[Form, ...]
    papers: tuple[PaperNeed, ...]
    fields: tuple[str, ...]
    decision_delay: Delay
    appeals: tuple[Appeal, ...]
    renewal: str | None
    notes: str | None
    verified: bool
    #: Codes of the city's aids that one asks for by this dossier.
    for_aids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name in the page's language; `title` is the organisation's own name for the aid."""
        return name_of(self.title)


def name_of(title: str) -> str:
    """Translate the name of an aid to the page's language. One written by the city stays as it is."""
    return _in_english("aids").get(title) or gettext(title) if _is_english() and title else title


def in_words(text: str) -> str:
    """Translate an organisation, a place, a form or a local aid to the page's language. Texts written by the city stay
    as they are.
    """
    return _in_english("catalogue").get(text, text) if _is_english() else text


def get(code: str) -> Aid:
    try:
        return _aids()[code]
    except KeyError as error:
        raise UnknownAid(code) from error


def all_aids() -> list[Aid]:
    return list(_aids().values())


def exists(code: str) -> bool:
    return code in _aids()


@lru_cache(maxsize=1)
def _aids() -> dict[str, Aid]:
    return {item["code"]: _aid(item) for item in load("aid_dossiers")["items"]}


def _aid(item: Mapping[str, Any]) -> Aid:
    return Aid(
        code=item["code"],
        title=item["title"],
        scope=item["scope"],
        organisation=item["organisation"],
        where_to_send=tuple(item["where_to_send"]),
        automatic=item["automatic"],
        forms=tuple(Form(**form) for form in item["forms"]),
        papers=tuple(map(paper_need, item["papers"])),
        fields=tuple(item["fields"]),
        decision_delay=Delay(**item["decision_delay"]),
        appeals=tuple(Appeal(**appeal) for appeal in item["appeals"]),
        renewal=item["renewal"],
        notes=item["notes"],
        verified=item["verified"],
        for_aids=tuple(item.get("for_aids", ())),
    )


def paper_need(item: Mapping[str, Any]) -> PaperNeed:
    """Return a paper as files describe it."""
    period, condition = item["period"], item["condition"]
    if condition is not None:
        others = {name: value for name, value in condition.items() if name != "in"}
        condition = Condition(**others, values=tuple(condition.get("in", ())))
    changed = {
        "alternatives": tuple(item["alternatives"]),
        "period": Period(**period) if period is not None else None,
        "condition": condition,
    }
    return PaperNeed(**{**item, **changed})


def urgent_situations() -> list[dict[str, Any]]:
    """Return the shipped urgent situations."""
    return list(load("urgent_situations")["items"])


@lru_cache(maxsize=2)
def _numbers(english: bool) -> dict[str, dict[str, str]]:
    words = _in_english("situations") if english else {}
    return {item["number"]: _translated(item, words) for item in load("urgent_situations")["numbers"]}


def numbers() -> Mapping[str, Mapping[str, str]]:
    """Return the verified national numbers that an urgent situation may name."""
    return _numbers(_is_english())


def situation_words(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content in the page's language. Sentences written by the city stay as they are."""
    found: dict[str, Any] = _translated(dict(content), _in_english("situations") if _is_english() else {})
    return found


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


@lru_cache(maxsize=2)
def _in_english(part: str) -> Mapping[str, str]:
    """Return the English translation of each French sentence of the content."""
    words: Mapping[str, str] = load("english")[part]
    return words


def _translated(value: Any, words: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of the content
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, list):
        return [_translated(inner, words) for inner in value]
    return {key: _translated(inner, words) for key, inner in value.items()} if isinstance(value, dict) else value


def local_aids() -> list[dict[str, Any]]:
    """Return the thirty shipped aids of the fictional town, with their test personas."""
    return list(load("local_aids")["aids"])


def national_rights() -> list[dict[str, Any]]:
    """Return the national rights without an amount that the engine does not compute, described as local aids are."""
    return list(load("national_rights")["aids"])


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Two national aids that are not received together, with the reason in a sentence and its law."""

    codes: frozenset[str]
    text: str
    law: str


def exclusions() -> list[Exclusion]:
    return [
        Exclusion(frozenset(item["codes"]), in_words(item["text"]), item["law"])
        for item in load("exclusions")["items"]
    ]


def territory(commune: str) -> Mapping[str, str]:
    """Return the areas of a commune. `reference` is a real commune of the same zone, for a code missing from the law's
    zone table.
    """
    found: Mapping[str, str] = load("territories").get(commune, {})
    return found


def reference_communes() -> dict[str, str]:
    return {code: place["reference"] for code, place in load("territories").items() if "reference" in place}


@lru_cache(maxsize=8)
def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=8)
def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded
