"""Explain why each aid is due or refused, with amounts, the values they come from and the law."""

from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext as _

from services.aids.benefits import ALL, BY_CODE, Benefit
from services.aids.household import Person
from services.aids.reasons import (
    derived,
    disability,
    family,
    health,
    housing,
    minima,
    overseas,
    residence,
    school,
    social_housing,
)
from services.aids.reasons.common import Context, Explanation, Reason, percent
from services.aids.reasons.conditions import refusal

CRDS: Final = "prelevements_sociaux.contributions_sociales.crds"
FOR_HOUSEHOLD: Final[Mapping[str, Callable[[Context], Explanation]]] = {
    "rsa": minima.rsa,
    "prime_activite": minima.prime_activite,
    "aide_logement": housing.aide_logement,
    "c2s": health.c2s,
    "aeeh": family.aeeh,
    "aspa": minima.aspa,
    "af": family.af,
    "cf": family.cf,
    "asf": family.asf,
    "paje_base": family.paje_base,
    "paje_naissance": family.paje_naissance,
    "ars": family.ars,
    "bourse_college": school.bourse_college,
    "bourse_lycee": school.bourse_lycee,
    "cheque_energie": housing.cheque_energie,
    "prime_noel": derived.prime_noel,
    "visale": housing.visale,
    "logement_social": social_housing.logement_social,
}
FOR_PERSON: Final[Mapping[str, Callable[[Context, Person], Explanation]]] = {
    "aah": disability.aah,
    "asi": minima.asi,
    "ass": minima.ass,
    "bourse_crous": school.bourse_crous,
    "cej": school.cej,
    "mobili_jeune": housing.mobili_jeune,
    "pass_culture": school.pass_culture,
    "pass_sport": school.pass_sport,
    "loca_pass": housing.loca_pass,
    "repas_un_euro": school.repas_un_euro,
}


def amount_of(context: Context, benefit: Benefit) -> float:
    """Return the household's amount in euros per `benefit.unit`, or 1 or 0 for a right without money."""
    if residence.is_doubtful(context, benefit.code) or not overseas.is_covered(context, benefit.code):
        return 0.0
    if benefit.code == "aspa" and minima.find_owners_who_let(context):
        return 0.0
    if benefit.code == "prime_noel":
        return derived.prime_noel_amount(context)
    if benefit.code == "logement_social":
        return social_housing.is_due(context)
    if benefit.code == "c2s":
        return float(bool(context.amount("cmu_c") or context.amount("css_participation_forfaitaire")))
    if not benefit.personal:
        whole = float(sum(context.amount(name) for name in benefit.variables))
        return round(whole * (1 - context.parameter(CRDS)), 2) if benefit.taxed else whole
    found = sum(context.amount(name, person) for person in context.people for name in benefit.variables)
    return round(float(found), 2) if benefit.money else float(bool(found))


def explain(context: Context, code: str) -> Explanation:
    """Explain one aid. A personal aid is explained for one person: see `_for_nearest`."""
    benefit = BY_CODE[code]
    if not overseas.is_covered(context, code):
        return overseas.explain_uncovered(benefit, context.household.insee)
    explanation = FOR_HOUSEHOLD[code](context) if code in FOR_HOUSEHOLD else _for_nearest(context, benefit)
    return _complete(context, benefit, explanation)


def explain_all(context: Context) -> dict[str, Explanation]:
    return {benefit.code: explain(context, benefit.code) for benefit in ALL}


def _for_nearest(context: Context, benefit: Benefit) -> Explanation:
    """Explain a personal aid for the first person who is due it, else for the one who fails the fewest conditions."""
    people = list(context.people)
    if benefit.code in {"asi", "ass", "cej", "mobili_jeune", "loca_pass"}:
        people = [person for person in people if person.role != "child" or person.age(context.month) >= 16]
    tried = [FOR_PERSON[benefit.code](context, person) for person in people]
    paid = [any(context.amount(name, person) for name in benefit.variables) for person in people]
    ranked = sorted(
        zip(paid, tried, strict=True), key=lambda pair: (not pair[0], len(pair[1].failed), len(pair[1].open))
    )
    return ranked[0][1]


def _complete(context: Context, benefit: Benefit, explanation: Explanation) -> Explanation:
    """Add the tax to the operation, and a general reason to an aid of zero euros whose conditions are all met."""
    if benefit.taxed and explanation.formula:
        explanation.formula = _("%(sum)s, moins la CRDS de %(rate)s") % {
            "sum": explanation.formula,
            "rate": percent(context.parameter(CRDS)),
        }
    if benefit.code in residence.OF_EUROPEANS and residence.is_doubtful(context, benefit.code):
        explanation.reasons.append(residence.explain_right_of_europeans(context, benefit.code))
        explanation.formula = ""
    if not amount_of(context, benefit) and not explanation.failed and not explanation.open:
        explanation.reasons.append(
            refusal(_("Le barème complet donne 0 € avec vos chiffres."), keys=context.income_keys())
        )
    return explanation


__all__ = ["Context", "Explanation", "Reason", "amount_of", "explain", "explain_all"]
