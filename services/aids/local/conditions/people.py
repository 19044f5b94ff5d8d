"""Conditions on one person: age, activity, disability, social security."""

from collections.abc import Collection
from typing import Any, Final

from django.utils.translation import gettext_lazy, gettext_noop

from services.aids.local.conditions.kinds import Asked, Fact, Known, Rule, Sort, Whose
from services.aids.local.conditions.shapes import compared, flag, included, number, one_of


def _age(known: Known) -> int | None:
    person = known.person
    is_known = f"people[{person.id}].birth_date" not in known.household.unknown
    return person.age(known.household.month) if is_known else None


AGE: Final = number(
    code="age",
    label=gettext_lazy("Âge"),
    text=gettext_lazy("avoir %(span)s"),
    unit=gettext_lazy(" ans"),
    fact=Fact("age", Sort.WHOLE, read=_age, of_person=True, source="birth_date"),
    public={"age": lambda one, about: {"type": "age", **compared(one)}},
)

# Activity

ACTIVITIES: Final = {
    "employed": "salarie",
    "apprentice": "apprenti",
    "self_employed": "independant",
    "unemployed": "chomeur",
    "student": "etudiant",
    "inactive": "inactif",
    "retired": "retraite",
}
SCHOOLS: Final = {"college": "collegien", "lycee": "lyceen", "enseignement_superieur": "enseignement_superieur"}
#: What a person says of an internship, civic service or contract, and the profile that it gives.
ENGAGEMENTS: Final = {
    "stage": "stagiaire",
    "service_civique": "service_civique",
    "professionnalisation": "professionnalisation",
}


def _profiles(known: Known) -> list[str] | None:
    person = known.person
    if person.status is None:
        return None
    found = [ACTIVITIES[person.status]]
    if person.school in SCHOOLS:
        found.append(SCHOOLS[person.school])
    if person.role != "child" and known.facts.get("children_ages"):
        found.append("parent")
    if "rsa" in (known.facts.get("receives") or ()):
        found.append("beneficiaire_rsa")
    if person.disability_rate:
        found.append("situation_handicap")
    if person.city.engagement in ENGAGEMENTS:
        found.append(ENGAGEMENTS[person.city.engagement])
    return found


def _open_profiles(known: Known) -> Collection[str]:
    person = known.person
    is_closed = person.city.engagement or person.status in {None, "retired"}
    return frozenset() if is_closed else frozenset(ENGAGEMENTS.values())


PROFILE: Final = one_of(
    code="profile",
    label=gettext_lazy("Activité"),
    fact=Fact(
        "profiles",
        Sort.LIST,
        values={
            "salarie": gettext_lazy("salarié"),
            "apprenti": gettext_lazy("apprenti"),
            "independant": gettext_lazy("indépendant"),
            "chomeur": gettext_lazy("en recherche d’emploi"),
            "etudiant": gettext_lazy("étudiant"),
            "enseignement_superieur": gettext_lazy("en études supérieures"),
            "lyceen": gettext_lazy("lycéen"),
            "collegien": gettext_lazy("collégien"),
            "stagiaire": gettext_lazy("stagiaire"),
            "service_civique": gettext_lazy("en service civique"),
            "professionnalisation": gettext_lazy("en contrat de professionnalisation"),
            "retraite": gettext_lazy("à la retraite"),
            "inactif": gettext_lazy("sans activité"),
            "parent": gettext_lazy("parent"),
            "beneficiaire_rsa": gettext_lazy("au RSA"),
            "situation_handicap": gettext_lazy("en situation de handicap"),
        },
        read=_profiles,
        of_person=True,
        undecided=_open_profiles,
        source="status",
        asked=Asked(
            key="engagement",
            vault_field="foyer.situation#/engagement",
            value="city.engagement",
            choices={name: name for name in ("aucun", *ENGAGEMENTS)},
            mine=gettext_noop("Êtes-vous en stage, en service civique ou en contrat de professionnalisation ?"),
            theirs=gettext_noop("en stage, en service civique ou en contrat de professionnalisation ?"),
            rank=2,
        ),
    ),
    closed=True,
)

# Disability and work


def _rate(known: Known) -> int | None:
    rate = known.person.disability_rate
    return None if rate is None else round(rate * 100)


def _public_rate(one: Rule, about: Rule) -> dict[str, Any]:
    return {"type": "disability_rate", **compared(one), "value": round(one["value"] * 100)}


DISABILITY_RATE: Final = number(
    code="disability_rate",
    label=gettext_lazy("Taux d’incapacité"),
    text=gettext_lazy("taux d’incapacité : %(span)s"),
    unit=" %",
    fact=Fact(
        "disability_rate",
        Sort.WHOLE,
        label=gettext_lazy("Taux d’incapacité, en %"),
        read=_rate,
        of_person=True,
        source="disability_rate",
    ),
    public={"taux_incapacite": _public_rate},
)

TEMP_AGENCY: Final = flag(
    code="temp_agency",
    label=gettext_lazy("Intérim"),
    text=gettext_lazy("travailler en intérim"),
    public="agence_travail_temporaire",
    fact=Fact(
        "temp_agency",
        Sort.FLAG,
        read=lambda known: known.person.city.temp_agency,
        of_person=True,
        source="city.temp_agency",
        asked=Asked(
            key="interim",
            vault_field="foyer.situation#/interimaire",
            value="city.temp_agency",
            mine=gettext_noop("Travaillez-vous pour une agence d’intérim ?"),
            theirs=gettext_noop("en intérim ?"),
            whom=Whose.ADULT,
            rank=7,
        ),
    ),
)

# Social security

PUBLIC_SCHEMES: Final = {"regime_general": "general", "regime_agricole": "agricole"}

SCHEME: Final = one_of(
    code="scheme",
    label=gettext_lazy("Régime de sécurité sociale"),
    fact=Fact(
        "scheme",
        Sort.LIST,
        values={
            "general": gettext_lazy("au régime général"),
            "agricole": gettext_lazy("au régime agricole"),
            "autre": "",
        },
        read=lambda known: known.person.city.scheme,
        of_person=True,
        source="city.scheme",
        asked=Asked(
            key="regime",
            vault_field="foyer.situation#/regime_social",
            value="city.scheme",
            choices={name: name for name in ("general", "agricole", "autre")},
            mine=gettext_noop("De quel régime de sécurité sociale dépendez-vous ?"),
            theirs=gettext_noop("quel régime de sécurité sociale ?"),
            whom=Whose.ADULT,
            rank=6,
        ),
    ),
    public={"regime_securite_sociale": lambda one, about: included(one, "scheme", PUBLIC_SCHEMES)},
)
