"""Local aids read from YAML files: our own, and the public ones of Aides Jeunes."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.utils.html import strip_tags
from django.utils.text import slugify
from django.utils.translation import gettext as _

from services.aids import catalogue
from services.aids.local import amounts, checking, evaluation, reading, rule_tree
from services.aids.local.conditions import KINDS
from services.aids.local.conditions.kinds import NoEqual
from services.versions.yaml_files import Unreadable, load

#: Of an imported aid, until an agent reads it again.
REVIEW: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Imported:
    """An aid in the format of rules. `lost` has each condition that could not be kept as one, in words."""

    item: dict[str, Any]
    conditions: int
    lost: list[str] = field(default_factory=list)


def read(
    content: bytes, *, code: str, today: date, institutions: Mapping[str, Mapping[str, Any]] | None = None
) -> Imported:
    """Read an aid of either format. `code` names an aid whose file has no name of its own.

    Raises:
        Unreadable
    """
    data = load(content)
    try:
        if "conditions_generales" in data:
            return from_public(data, code=code, today=today, institutions=institutions or {})
        if "conditions" in data and "amount" in data:
            return _own(data, code=code, today=today)
    except (AttributeError, LookupError, TypeError, ValueError):  # a part has another shape than the rest expects
        raise Unreadable(_("Ce fichier ne décrit pas une aide.")) from None
    raise Unreadable(_("Ce fichier ne décrit pas une aide : il n’a ni conditions ni montant."))


def blank(*, code: str, label: str, institution: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return an aid that somebody begins: for those who live on the territory, without an amount yet."""
    return {
        "code": code,
        "label": label,
        "institution": dict(institution),
        "audience": "person",
        "kind": "money",
        "conditions": {"all": [{"type": "territory", "attached": True}]},
        "amount": {"kind": "none"},
        "per": "person",
        "periodicity": "one_off",
        "valid_from": today.isoformat(),
        "valid_to": None,
        "review_on": (today + REVIEW).isoformat(),
        "papers": [],
        "instructions": "",
        "legal_act": "",
        "contact": "",
        "description": "",
        "link": "",
        "checked_later": [],
        "notes": None,
        "tests": [],
    }


def _own(data: Mapping[str, Any], *, code: str, today: date) -> Imported:
    """Read what `dump` wrote. Texts may be missing; what is computed may not be wrong."""
    base = blank(code=code, label=code, institution={"level": "commune", "id": "0", "name": "?"}, today=today)
    known = catalogue.schema("local_aids")["properties"]["aids"]["items"]["properties"]
    item = {**base, **{name: value for name, value in data.items() if name in known}, "version": 1}
    found = checking.structure_problems(item)
    if found:
        raise Unreadable(" ".join(found))
    _rehearse(item)
    if strange := reading.strange_facts(item):
        named = ", ".join(strange[:3])
        raise Unreadable(_("Un cas d’essai dit ce qu’aucune aide ne lit : %(facts)s.") % {"facts": named[:200]})
    if rule_tree.kind_of(item["conditions"]) not in rule_tree.GROUPS:
        item["conditions"] = {"all": [item["conditions"]]}
    return Imported(item, conditions=checking.count(item["conditions"]))


def _rehearse(rule: Mapping[str, Any]) -> None:
    """Compute everything that an aid's pages compute, for rules from outside: the schema alone lets some fail.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: a part is missing, or has another type.
    """
    checking.trials(rule)
    checking.unturned(rule)
    facts = {**dict.fromkeys(reading.facts_of(rule), 1), **dict.fromkeys(amounts.BASIS.values(), 1), "price": 1}
    amounts.amount_of(rule["amount"], {**facts, "children_ages": []})
    for leaf in evaluation.leaves(rule["conditions"]):
        evaluation.condition_text(leaf, rule)


# The public files of Aides Jeunes: https://github.com/betagouv/aides-jeunes, data/benefits/javascript

PERIODS: Final = {"ponctuelle": "one_off", "mensuelle": "month", "annuelle": "year"}
LEVELS: Final = frozenset({"commune", "epci", "departement", "region", "caf", "msa", "national", "europeen"})
#: What makes a condition here of each kind of condition there.
PUBLIC: Final = {name: make for kind in KINDS.values() for name, make in kind.public.items()}


def from_public(
    data: Mapping[str, Any], *, code: str, today: date, institutions: Mapping[str, Mapping[str, Any]]
) -> Imported:
    """Turn a public file into a draft. Its free-text conditions are told to residents and never change an answer."""
    slug = str(data.get("institution", ""))
    about = institutions.get(slug, {})
    lost: list[str] = []
    general = [_kept(one, about, lost) for one in data.get("conditions_generales") or ()]
    profiles = [_profile(one, about, lost) for one in data.get("profils") or ()]
    conditions = [*general, *_any_profile(profiles)]
    label = str(data.get("label") or code)[:120]
    item = blank(code=code, label=label[:1].upper() + label[1:], institution=_institution(slug, about), today=today)
    link = str(data.get("link") or "")
    texts = [*(data.get("conditions") or ()), *(data.get("voluntary_conditions") or ())]
    item |= {
        "version": 1,
        "kind": "money" if data.get("type") == "float" else "service",
        "conditions": {"all": conditions or [{"type": "age", "min": 0}]},
        "amount": _amount(data),
        "periodicity": PERIODS.get(str(data.get("periodicite")), "other"),
        "description": _clean(data.get("description") or ""),
        "instructions": "Voir la page officielle.",
        "contact": item["institution"]["name"],
        "link": link if link.startswith("https://") else "",
        "checked_later": [cleaned for text in texts if (cleaned := _clean(text))],
        "notes": str(data.get("legend") or "") or None,
    }
    return Imported(item, conditions=len(general) + sum(len(one["all"]) for one in profiles), lost=lost)


def _clean(text: object) -> str:
    """Return a text without its markup and its double spaces."""
    return " ".join(html.unescape(strip_tags(str(text))).split())


def _institution(slug: str, about: Mapping[str, Any]) -> dict[str, str]:
    level = about.get("type", "autre")
    return {
        "level": str(level) if level in LEVELS else "autre",
        "id": str(about.get("code_insee") or about.get("code_siren") or slug or "?"),
        "name": str(about.get("name") or slug or "?"),
    }


def _amount(data: Mapping[str, Any]) -> dict[str, Any]:
    value = data.get("montant")
    if data.get("type") != "float" or isinstance(value, bool) or not isinstance(value, int | float):
        return {"kind": "none"}
    if data.get("unit") == "%":
        return {"kind": "percent", "rate": value / 100, "meaning": "grant", "unit": "EUR"}
    return {"kind": "fixed", "value": value, "unit": "EUR"} if data.get("unit") in {"€", None} else {"kind": "none"}


def _profile(one: Mapping[str, Any], about: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    found = [_kept(inner, about, lost) for inner in one.get("conditions") or ()]
    return {"all": [{"type": "profile", "values": [str(one.get("type"))]}, *found]}


def _any_profile(profiles: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one condition for the profiles, of which one suffices; those alone make one list."""
    alone = [value for one in profiles if len(one["all"]) == 1 for value in one["all"][0]["values"]]
    listed = [{"type": "profile", "values": list(dict.fromkeys(alone))}] if alone else []
    inner = [*listed, *(one for one in profiles if len(one["all"]) > 1)]
    if inner:
        yield inner[0] if len(inner) == 1 and "type" in inner[0] else {"any": inner}


def _kept(one: object, about: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    """Return the condition, or, if it has no equal, one that a person checks."""
    try:
        if not isinstance(one, dict):
            raise NoEqual
        found = PUBLIC[one["type"]](one, about)
        if checking.condition_problems(found):
            raise NoEqual
    except (NoEqual, KeyError, TypeError, ValueError):
        text = str(one.get("type", "?") if isinstance(one, dict) else one)[:200]
        lost.append(text)
        return {"type": "manual", "text": text}
    return found


def code_of(name: str) -> str:
    """Return a code for a file's name."""
    return slugify(name.rpartition("/")[2].rpartition(".")[0])[:60] or "aide"
