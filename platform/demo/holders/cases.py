"""Data of each fictional resident at the holders: `cases/<resident>.yaml`, one part per holder.

A value that starts with `=` comes from the resident's story (demo/people/vaults.py) or from the calendar, so that
holders, vault and papers agree on any day: `=birthdate`, `=street`, `=quotient`, `=rfr`… `facts` lists them. Numbers
may be moved: `=year-1`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone

from demo.people import vaults
from demo.people.events import Calendar

FOLDER = Path(__file__).parent / "cases"
MOVED = re.compile(r"(\w+)([+-]\d+)?\Z")


@dataclass(frozen=True)
class Case:
    """One resident: `holders` is the YAML with its `=` values resolved, `facts` the values available to them."""

    slug: str
    name: str
    facts: Mapping[str, Any]
    holders: Mapping[str, Any]

    def of(self, holder: str) -> Any:  # noqa: ANN401 - YAML's own shape
        return self.holders.get(holder)


def cases() -> dict[str, Case]:
    return _cases(timezone.localdate())


def find(slug: str) -> Case | None:
    return cases().get(slug)


@lru_cache(maxsize=2)
def _cases(today: date) -> dict[str, Case]:
    return {slug: _case(slug, story, today) for slug, story in vaults.stories(today).items()}


def _case(slug: str, story: vaults.Story, today: date) -> Case:
    file = FOLDER / f"{slug}.yaml"
    facts = _facts(slug, story, today)
    written = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Case(slug, f"{story.given_name} {story.family_name}", facts, _resolve(written or {}, facts))


def _facts(slug: str, story: vaults.Story, today: date) -> dict[str, Any]:
    children = [_civil(member) for member in story.members if member.role == "child"]
    spouses = [_civil(member) for member in story.members if member.role == "spouse"]
    me = _civil(vaults.Member(story.given_name, story.family_name, story.birth, story.gender, "self"))
    given = list(story.records(Calendar(today)))
    before, last = story.income or (None, None)
    return {
        "slug": slug,
        "given_name": story.given_name,
        "family_name": story.family_name,
        "birthdate": story.birth.isoformat(),
        "gender": story.gender,
        "birthplace": "00042",
        "birthcountry": "99100",
        "email": f"{slug}@villebrume.example",
        "street": story.street,
        "postcode_town": "00420 VILLEBRUME",
        "adults": [me, *spouses],
        **{f"child_{place}": child["date_naissance"] for place, child in enumerate(children, start=1)},
        "children": children,
        "quotient": story.quotient,
        "rfr": last,
        "rfr_before": before,
        "parts": story.parts,
        "family": story.family,
        "spouse": spouses[0] if spouses else None,
        "registered_on": next(
            (one.payload["date_debut"] for one in given if one.type == "emploi.inscription_ft"), None
        ),
        "payments": [_payment(one.payload) for one in given if one.type == "emploi.indemnite_ft"],
        "school_year": f"{today.year - (today.month < 9)}-{today.year + (today.month >= 9)}",
        "start_of_school": f"{today.year - (today.month < 9)}-09-01",
        "end_of_school": f"{today.year + (today.month >= 9)}-08-31",
        "today": today.isoformat(),
        "year": today.year,
        "month": today.month,
    }


def _payment(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment as France Travail writes it, with amounts as numbers."""
    paid = float(payload["montant_total"])
    parts = {"montant_total": paid, "montant_allocations": paid, "montant_aides": 0.0, "montant_autres": 0.0}
    return {"date_versement": payload["date_versement"], **parts}


def _civil(member: vaults.Member) -> dict[str, Any]:
    """Return a person as the family branch writes them."""
    return {
        "nom_naissance": member.family_name.upper(),
        "nom_usage": None,
        "prenoms": member.given_name.upper(),
        "date_naissance": member.birth.isoformat(),
        "sexe": "F" if member.gender == "female" else "M",
    }


def _resolve(value: Any, facts: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML's own shape
    if isinstance(value, dict):
        return {name: _resolve(one, facts) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolve(one, facts) for one in value]
    return _fact(value[1:], facts) if isinstance(value, str) and value.startswith("=") else value


def _fact(asked: str, facts: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    match = MOVED.match(asked)
    if match is None:
        raise LookupError(asked)
    name, moved = match.groups()
    return facts[name] + int(moved) if moved else facts[name]
