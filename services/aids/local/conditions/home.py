"""Conditions on where a household lives."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from services.aids import catalogue
from services.aids.catalogue import in_words
from services.aids.local.conditions.kinds import (
    MISSING,
    YES,
    Asked,
    Data,
    Fact,
    Facts,
    Kind,
    Known,
    NoEqual,
    Rule,
    Sort,
    Whose,
    among,
    answered,
    compare,
    inverse,
)
from services.aids.local.conditions.shapes import flag, included, number, one_of
from services.aids.local.fields import CodesField
from services.versions.fields import choice_field

# Territory

LEVELS: Final = (
    ("attached", gettext_lazy("Le territoire de l’organisme")),
    ("commune", gettext_lazy("Communes (codes Insee)")),
    ("epci", gettext_lazy("Intercommunalités (codes Siren)")),
    ("departement", gettext_lazy("Départements")),
    ("region", gettext_lazy("Régions (codes Insee)")),
    ("parents_commune", gettext_lazy("Communes des parents (codes Insee)")),
)
MODES: Final = (("in", gettext_lazy("Y habiter")), ("out", gettext_lazy("Habiter ailleurs")))


def _codes(*, required: bool) -> CodesField:
    help_text = gettext_lazy("Séparés par des espaces.")
    return CodesField(label=gettext_lazy("Codes"), max_length=2000, required=required, help_text=help_text)


def _territory(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    if rule.get("attached"):
        value = facts.get(aid["institution"]["level"])
        answer = MISSING if value is None else answered(value == aid["institution"]["id"])
    else:
        answer = among(facts.get(str(rule["level"])), rule)
    return inverse(answer) if rule.get("mode") == "out" else answer


def _territory_text(rule: Rule, aid: Rule) -> str:
    if rule.get("attached"):
        return _("habiter le territoire : %(place)s") % {"place": in_words(aid["institution"]["name"])}
    if rule.get("mode") == "out":
        return _("habiter une autre commune")
    return _("habiter le secteur prévu")


def _territory_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "level", choice_field(gettext_lazy("Où"), LEVELS)
    yield "mode", choice_field(gettext_lazy("Condition"), MODES)
    yield "codes", _codes(required=False)


def _territory_rule(data: Data) -> dict[str, Any]:
    where = {"attached": True} if data["level"] == "attached" else {"level": data["level"], "values": data["codes"]}
    return where | ({"mode": "out"} if data["mode"] == "out" else {})


def _territory_initial(rule: Rule) -> dict[str, Any]:
    level = "attached" if rule.get("attached") else rule["level"]
    return {"level": level, "mode": rule.get("mode", "in"), "codes": " ".join(rule.get("values", ()))}


def _territory_wrong(data: Data) -> tuple[str, str] | None:
    is_missing = data.get("level") != "attached" and not data.get("codes")
    return ("codes", _("Écrivez au moins un code.")) if is_missing else None


def _of_level(level: str, mode: str = "") -> Callable[[Rule, Rule], dict[str, Any]]:
    """Return what makes a rule of a public condition on places of this level."""

    def rule(one: Rule, about: Rule) -> dict[str, Any]:
        out = {"mode": mode} if mode else {}
        return {"type": "territory", "level": level, **out, "values": [str(code) for code in one["values"]]}

    return rule


def _attached(one: Rule, about: Rule) -> dict[str, Any]:
    if about.get("type") in {"commune", "epci", "departement", "region"}:
        return {"type": "territory", "attached": True}
    if departments := about.get("departments"):
        return {"type": "territory", "level": "departement", "values": [str(code) for code in departments]}
    raise NoEqual


def _parents_commune(known: Known) -> str | None:
    """Return the commune of who lives with their parents. Nobody's vault has that of parents who live elsewhere."""
    with_them = known.person.role == "child" or known.person.lives_with_parents
    return known.commune or None if with_them else None


TERRITORY: Final = Kind(
    code="territory",
    label=gettext_lazy("Commune, intercommunalité, département ou région"),
    facts=(
        Fact(
            "commune",
            Sort.CODE,
            label=gettext_lazy("Commune (code Insee)"),
            read=lambda known: known.commune or None,
            source="housing.insee",
        ),
        Fact(
            "epci",
            Sort.CODE,
            label=gettext_lazy("Intercommunalité (code Siren)"),
            read=lambda known: catalogue.territory(known.commune).get("epci"),
            source="housing.insee",
        ),
        Fact(
            "departement",
            Sort.CODE,
            label=gettext_lazy("Département"),
            read=lambda known: catalogue.territory(known.commune).get("departement", known.commune[:2] or None),
            source="housing.insee",
        ),
        Fact(
            "region",
            Sort.CODE,
            label=gettext_lazy("Région (code Insee)"),
            read=lambda known: catalogue.territory(known.commune).get("region"),
            source="housing.insee",
        ),
        Fact(
            "parents_commune",
            Sort.CODE,
            label=gettext_lazy("Commune des parents (code Insee)"),
            read=_parents_commune,
            of_person=True,
            source="housing.insee",
        ),
    ),
    answer=_territory,
    text=_territory_text,
    fields=_territory_fields,
    rule=_territory_rule,
    initial=_territory_initial,
    wrong=_territory_wrong,
    reads=lambda rule, aid: [aid["institution"]["level"] if rule.get("attached") else rule["level"]],
    public={
        "regions": _of_level("region"),
        "departements": _of_level("departement"),
        "communes": _of_level("commune"),
        "epcis": _of_level("epci"),
        "excluded_epcis": _of_level("epci", "out"),
        "attached_to_institution": _attached,
    },
)

POSTCODE: Final = Kind(
    code="postcode",
    label=gettext_lazy("Code postal"),
    facts=(Fact("postcode", Sort.CODE, read=lambda known: known.postcode, source="housing"),),
    answer=lambda rule, facts, aid, day: among(facts.get("postcode"), rule),
    text=lambda rule, aid: ", ".join(rule["values"]),
    fields=lambda: [("codes", _codes(required=True))],
    rule=lambda data: {"values": data["codes"]},
    initial=lambda rule: {"codes": " ".join(rule["values"])},
    public={"codes_postaux": lambda one, about: {"type": "postcode", "values": [str(code) for code in one["values"]]}},
)

# Months in the commune

#: Years that a rule may ask to have lived in the commune.
YEARS: Final = (0, 1, 2, 3, 5, 10, 20)


def _months_in_commune(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    """Without the day, the months in the home suffice for a minimum: one lives in the commune at least as long."""
    value = facts.get("resident_months")
    if value is not None:
        return compare(float(value), rule)
    least = facts.get("resident_months_least")
    is_minimum = rule.get("op") in {">", ">="} or ("op" not in rule and rule.get("max") is None)
    return YES if is_minimum and least is not None and compare(least, rule) == YES else MISSING


def _months_since(day: date | None, month: str) -> int | None:
    """Return the whole months between a day and the first of `month`."""
    if day is None:
        return None
    return max(0, int(month[:4]) * 12 + int(month[5:]) - day.year * 12 - day.month - (day.day > 1))


RESIDENT_MONTHS: Final = number(
    code="resident_months",
    label=gettext_lazy("Mois passés dans la commune"),
    text=gettext_lazy("mois de résidence"),
    answer=_months_in_commune,
    fact=Fact(
        "resident_months",
        Sort.WHOLE,
        read=lambda known: _months_since(known.household.applicant.city.resident_since, known.household.month),
        source="city.resident_since",
        source_of=Whose.APPLICANT,
        asked=Asked(
            key="commune_depuis",
            vault_field="foyer.situation#/commune_depuis",
            value="city.resident_since",
            years=YEARS,
            mine=gettext_noop("Depuis quand habitez-vous votre commune ?"),
            purpose=gettext_lazy("Certaines aides de la ville demandent d’y habiter depuis un certain temps."),
            whom=Whose.APPLICANT,
            rank=1,
        ),
    ),
    more=(
        Fact(
            "resident_months_least",
            Sort.WHOLE,
            read=lambda known: _months_since(
                known.household.housing.moved_in if known.household.housing else None, known.household.month
            ),
            beside="resident_months",
        ),
    ),
)

# The home

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
PUBLIC_HOMES: Final = {
    "locataire_hlm": "tenant_hlm",
    "locataire_vide": "tenant_private",
    "locataire_meuble": "tenant_private",
    "proprietaire": "owner",
    "primo_accedant": "owner",
    "loge_gratuitement": "hosted",
    "locataire_foyer": "residence",
    "sans_domicile": "sans_domicile",
}


def _housing(known: Known) -> str | list[str] | None:
    home = known.household.housing
    status = HOUSING.get(home.status or "") if home else None
    return [status, "crous"] if home and status == "residence" and home.crous else status


HOUSING_STATUS: Final = one_of(
    code="housing_status",
    label=gettext_lazy("Statut de logement"),
    fact=Fact(
        "housing_status",
        Sort.LIST,
        values={
            "tenant_private": gettext_lazy("locataire du privé"),
            "tenant_hlm": gettext_lazy("locataire HLM"),
            "owner": gettext_lazy("propriétaire"),
            "hosted": gettext_lazy("logé gratuitement"),
            "residence": gettext_lazy("en résidence ou en foyer"),
            "crous": gettext_lazy("en résidence du Crous"),
            "sans_domicile": gettext_lazy("sans domicile"),
        },
        read=_housing,
        source="housing.status",
    ),
    public={"statut_occupation_logement": lambda one, about: included(one, "housing_status", PUBLIC_HOMES)},
)

HOUSING_DIFFICULTY: Final = flag(
    code="housing_difficulty",
    label=gettext_lazy("Difficulté pour se loger"),
    text=gettext_lazy("avoir des difficultés de logement"),
    public="difficultes_acces_ou_frais_logement",
    fact=Fact(
        "housing_difficulty",
        Sort.FLAG,
        read=lambda known: known.household.applicant.city.housing_difficulty,
        source="city.housing_difficulty",
        source_of=Whose.APPLICANT,
        asked=Asked(
            key="difficulte_logement",
            vault_field="foyer.situation#/difficulte_logement",
            value="city.housing_difficulty",
            mine=gettext_noop("Avez-vous du mal à trouver un logement, ou à le payer ?"),
            whom=Whose.APPLICANT,
            rank=2,
        ),
    ),
)
