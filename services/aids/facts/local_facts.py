"""Facts about a household and its people that the city's rules may test."""

from typing import Any, Final

from services.aids import catalogue
from services.aids.facts.from_vault import Read
from services.aids.household import Household, Person
from services.aids.results import Results

PROFILE: Final = {
    "employed": "salarie",
    "apprentice": "apprenti",
    "self_employed": "independant",
    "unemployed": "chomeur",
    "student": "etudiant",
    "inactive": "inactif",
    "retired": "retraite",
}
SCHOOL: Final = {"college": "collegien", "lycee": "lyceen", "enseignement_superieur": "enseignement_superieur"}
HOUSING: Final = {
    "tenant_private_unfurnished": "tenant_private",
    "tenant_private_furnished": "tenant_private",
    "tenant_social": "tenant_hlm",
    "owner": "owner",
    "owner_mortgage": "owner",
    "free": "hosted",
    "residence": "residence",
    "homeless": "sans_domicile",
}
FROM_BENEFIT: Final = {
    "rsa": "rsa",
    "aah": "aah",
    "ass": "ass",
    "aspa": "aspa",
    "c2s": "c2s",
    "pass_sport": "pass_sport",
}


def household_facts(read: Read, results: Results, commune: str) -> dict[str, Any]:
    household = read.household
    known_family = "household.people" not in household.unknown
    notice = household.notice(household.reference_year + 1) or household.notice(household.reference_year)
    territory = catalogue.territory(commune)
    return {
        "commune": commune or None,
        "epci": territory.get("epci"),
        "departement": territory.get("departement", commune[:2] or None),
        "region": territory.get("region"),
        "qf": read.quotient,
        "rfr": notice.rfr if notice else None,
        "parts": notice.parts if notice else None,
        "children_ages": [max(child.age(household.month), 0) for child in household.children]
        if known_family
        else None,
        "household_size": len(household.people) if known_family else None,
        "single_parent": household.partner is None and bool(household.children) if known_family else None,
        "housing_status": HOUSING.get(household.housing.status or "") if household.housing else None,
        "receives": _receives(household, results),
        "dependent_children": len(household.children) if known_family else None,
    }


def _receives(household: Household, results: Results) -> list[str] | None:
    if household.benefits is None and not household.receives:
        return None
    return [name for code, name in FROM_BENEFIT.items() if results.get(code).receiving]


def person_facts(person: Person, household: Household, base: dict[str, Any]) -> dict[str, Any]:
    birth_known = f"people[{person.id}].birth_date" not in household.unknown
    profiles = _profiles(person, base)
    return {
        **base,
        "age": person.age(household.month) if birth_known else None,
        "profiles": profiles,
        "disability_rate": None if person.disability_rate is None else round(person.disability_rate * 100),
        "grant_holder": person.boursier,
        "study_year": person.study_year,
    }


def _profiles(person: Person, base: dict[str, Any]) -> list[str] | None:
    if person.status is None:
        return None
    found = [PROFILE[person.status]]
    if person.school in SCHOOL:
        found.append(SCHOOL[person.school])
    if person.role != "child" and base.get("children_ages"):
        found.append("parent")
    if "rsa" in (base.get("receives") or ()):
        found.append("beneficiaire_rsa")
    if person.disability_rate:
        found.append("situation_handicap")
    return found
