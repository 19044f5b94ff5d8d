"""Facts about a household and its people that the city's rules may test.

A fact that the vault does not give is `None`. `undecided` has, for a fact that is a list, the values that may still be
true besides those listed: a rule that names one of them is neither met nor refused by the list.
"""

from datetime import date
from typing import Any, Final

from services.aids import catalogue
from services.aids.asking.changes import monthly_net
from services.aids.benefits import BY_CODE
from services.aids.facts.from_vault import Read
from services.aids.household import Household, Person

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
# What a person says of an internship, civic service or contract, and the profile that it gives.
ENGAGEMENT: Final = {
    "stage": "stagiaire",
    "service_civique": "service_civique",
    "professionnalisation": "professionnalisation",
}
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
    "aeeh": "aeeh",
}
# Benefits that rules name and that nothing in the vault tells.
NOT_TOLD: Final = frozenset({"apa", "pch", "fsl_energie"})
CIVIL: Final = frozenset({"celibataire", "marie", "pacse", "divorce", "veuf"})
ALONE: Final = frozenset({"celibataire", "divorce", "veuf"})
LEVELS: Final = {
    **{f"bts_{year}": f"bac_{year}" for year in (1, 2)},
    **{f"but_{year}": f"bac_{year}" for year in (1, 2, 3)},
    **{f"cpge_{year}": f"bac_{year}" for year in (1, 2)},
    **{f"licence_{year}": f"bac_{year}" for year in (1, 2, 3)},
    "master_1": "bac_4",
    "master_2": "bac_5",
}
SCHOOL_LEVELS: Final = frozenset({"seconde", "premiere", "terminale", "cap_1", "cap_2"})
TOP_HONOURS: Final = "tb_felicitations"


def household_facts(read: Read, commune: str) -> dict[str, Any]:
    household = read.household
    known_family = "household.people" not in household.unknown
    notice = household.notice(household.reference_year + 1) or household.notice(household.reference_year)
    territory = catalogue.territory(commune)
    received = _receives(household)
    family, civil = _family_status(household, known_family)
    return {
        "commune": commune or None,
        "postcode": _postcode(read, commune),
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
        "housing_status": _housing(household),
        "receives": received,
        "dependent_children": len(household.children) if known_family else None,
        "resources_month": _resources(household) if known_family else None,
        "consumption_units": _consumption_units(household) if known_family else None,
        "family_status": family,
        "undecided": {"receives": NOT_TOLD, "family_status": civil},
    }


def _postcode(read: Read, commune: str) -> str | None:
    """Return the postcode of the home's address, if that address is in this commune."""
    home = read.source("housing")
    address = (home.payload.get("adresse") or {}) if home else {}
    return address.get("code_postal") if address.get("cog") in {commune, None} else None


def _receives(household: Household) -> list[str] | None:
    if household.benefits is None and not household.receives:
        return None
    received = household.receives | {paid.type for paid in household.benefits or () if round(paid.monthly, 2)}
    return [name for code, name in FROM_BENEFIT.items() if received & set(BY_CODE[code].received_as)]


def _housing(household: Household) -> str | list[str] | None:
    home = household.housing
    status = HOUSING.get(home.status or "") if home else None
    return [status, "crous"] if home and status == "residence" and home.crous else status


def _resources(household: Household) -> float | None:
    """Return the adults' net incomes, as a mean of the three months that the CAF reads."""
    if any(person.incomes is None for person in household.parents):
        return None
    return round(sum(monthly_net(household, person) for person in household.parents), 2)


def _consumption_units(household: Household) -> float:
    """Return the household's size on the scale of Insee: 1, then 0.5 for each person of 14 and more, else 0.3."""
    others = [person for person in household.people if person.role != "applicant"]
    return round(1 + sum(0.5 if person.age(household.month) >= 14 else 0.3 for person in others), 1)


def _family_status(household: Household, known_family: bool) -> tuple[list[str] | None, frozenset[str]]:
    """Return how the household lives, and the civil statuses that the vault leaves open."""
    if not known_family:
        return None, frozenset()
    together = household.partner is not None
    found = ["couple"] if together else ["seul"]
    if not together and household.children:
        found.append("parent_isole")
    if household.housing and household.housing.status == "homeless":
        found.append("sans_domicile")
    marital = household.applicant.marital
    if marital:
        return [*found, marital], frozenset()
    return found, CIVIL if together else ALONE


def person_facts(person: Person, household: Household, base: dict[str, Any]) -> dict[str, Any]:
    birth_known = f"people[{person.id}].birth_date" not in household.unknown
    profiles, open_profiles = _profiles(person, base)
    level, open_levels = _study_year(person)
    city = person.city
    least = _months_since(household.housing.moved_in if household.housing else None, household.month)
    return {
        **base,
        "age": person.age(household.month) if birth_known else None,
        "profiles": profiles,
        "disability_rate": None if person.disability_rate is None else round(person.disability_rate * 100),
        "grant_holder": person.boursier,
        "study_year": level,
        "person_resources_month": None if person.incomes is None else round(monthly_net(household, person), 2),
        "health_social_training": city.health_social_training,
        "bac_honours": _honours(city.bac_honours),
        "scheme": city.scheme,
        "temp_agency": city.temp_agency,
        "housing_difficulty": household.applicant.city.housing_difficulty,
        "resident_months": _months_since(household.applicant.city.resident_since, household.month),
        "resident_months_least": least,
        "undecided": {**base["undecided"], "profile": open_profiles, "study_year": open_levels},
    }


def _profiles(person: Person, base: dict[str, Any]) -> tuple[list[str] | None, frozenset[str]]:
    if person.status is None:
        return None, frozenset()
    found = [PROFILE[person.status]]
    if person.school in SCHOOL:
        found.append(SCHOOL[person.school])
    if person.role != "child" and base.get("children_ages"):
        found.append("parent")
    if "rsa" in (base.get("receives") or ()):
        found.append("beneficiaire_rsa")
    if person.disability_rate:
        found.append("situation_handicap")
    engagement = person.city.engagement
    if engagement in ENGAGEMENT:
        found.append(ENGAGEMENT[engagement])
    return found, frozenset() if engagement or person.status == "retired" else frozenset(ENGAGEMENT.values())


def _study_year(person: Person) -> tuple[list[str] | None, frozenset[str]]:
    """Return the year of study by its diploma and after the baccalauréat. The vault may know the year alone."""
    level = person.city.level
    if level:
        return [level, *([LEVELS[level]] if level in LEVELS else [])], frozenset()
    if person.study_year is None:
        return (
            ([], frozenset())
            if person.school is None and person.status not in {"student", None}
            else (None, frozenset())
        )
    diploma, _sep, rank = person.study_year.partition("_")
    year = f"bac_{int(rank) + {'licence': 0, 'master': 3, 'doctorat': 5}[diploma]}"
    return [year], frozenset(name for name, after in LEVELS.items() if after == year)


def _honours(honours: str | None) -> list[str] | None:
    """Return the honours; the highest, with congratulations, are honours « très bien » too."""
    return None if honours is None else [honours, "tb"] if honours == TOP_HONOURS else [honours]


def _months_since(day: date | None, month: str) -> int | None:
    """Return the whole months between a day and the first of `month`."""
    if day is None:
        return None
    return max(0, int(month[:4]) * 12 + int(month[5:]) - day.year * 12 - day.month - (day.day > 1))
