"""Social housing: a right without an amount. The engine has the limit of the cheapest homes, that of 2022.

The limit of other homes is higher, and the limits in force are higher too: who is under this one is under all of them,
and who is over it may ask all the same, which the explanation says.
"""

from typing import Final

from django.utils.translation import gettext as _

from services.aids.reasons.common import (
    EURO_YEAR,
    HOUSING,
    YEARS,
    Context,
    Explanation,
    Reason,
    Threshold,
    euros,
    notice_figure,
    notice_key,
    per_year,
)
from services.aids.reasons.conditions import condition, needs_more, resources_under

LIMITS: Final = f"{HOUSING}.logement_social.plai.plafond_ressources.par_categorie_de_menage"
#: What the lowest limit is, at most, of that of ordinary social housing (arrêté of 29 July 1987, PLAI and PLUS).
LOWEST: Final = 0.6
ADULT: Final = 18


def _income(context: Context) -> float | None:
    """Return the reference income of the year before last, of the couple's two notices if they are taxed apart."""
    year = context.household.reference_year
    found = [notice.rfr for notice in context.household.tax_notices or () if notice.income_year == year]
    return sum(found) if found else None


def _limit(context: Context) -> float:
    return float(context.read("logement_social_plafond_ressources"))


def _status(context: Context) -> str | None:
    home = context.household.housing
    return home.status if home else None


def is_due(context: Context) -> float:
    income, status = _income(context), _status(context)
    adult = context.household.applicant.age(context.month) >= ADULT
    if not adult or status in {None, "tenant_social"} or income is None:
        return 0.0
    return float(round(income, 2) <= round(_limit(context), 2))


def logement_social(context: Context) -> Explanation:
    category, zone = context.read("logement_social_categorie_menage"), context.read("zone_logement_social")
    path, limit = f"{LIMITS}.{category}.{zone}", _limit(context)
    income = _income(context)
    reasons = [_age(context), _home(context), _resources(context, path, income, limit)]
    explanation = Explanation(
        "logement_social", reasons, yes=_("Vos revenus sont sous la limite des logements sociaux les moins chers.")
    )
    if income is not None:
        label = _("Revenu fiscal de référence de l’avant-dernière année")
        explanation.threshold = Threshold(label, income, limit, EURO_YEAR)
        rule = _("Selon le nombre de personnes et la région")
        explanation.figures = [
            *notice_figure(context),
            per_year(_("Limite des logements très sociaux"), limit, rule=rule),
        ]
    if income is not None and income > limit / LOWEST:
        text = _("D’autres logements sociaux ont une limite plus haute : la demande est la même, faites-la.")
        explanation.changes.append(text)
    return explanation


def _age(context: Context) -> Reason:
    person = context.household.applicant
    age = person.age(context.month)
    return condition(
        age >= ADULT,
        yes=_("Vous êtes majeur."),
        no=_("Il faut être majeur."),
        value=age,
        limit=ADULT,
        unit=YEARS,
        keys=(person.key("birth_date"),),
    )


def _home(context: Context) -> Reason:
    status = _status(context)
    return condition(
        None if status is None else status != "tenant_social",
        yes=_("Vous n’avez pas encore de logement social."),
        no=_("Vous avez déjà un logement social : vous pouvez demander à en changer."),
        unknown=_("Il nous manque votre logement actuel."),
        keys=("housing.status",),
    )


def _resources(context: Context, path: str, income: float | None, limit: float) -> Reason:
    law = context.law(path)
    if income is None:
        year = context.household.reference_year
        return needs_more(
            _("Il nous manque votre avis d’impôt sur les revenus de %(year)s.") % {"year": year},
            law=law,
            keys=notice_key(context),
        )
    if limit < income <= limit / LOWEST:
        text = _(
            "Votre revenu fiscal dépasse de %(gap)s la limite des logements les moins chers, pas celle des autres."
        )
        asking = _("La demande est la même, faites-la.")
        return needs_more(f"{text % {'gap': euros(income - limit)}} {asking}", law=law, keys=notice_key(context))
    return resources_under(
        limit,
        have=income,
        unit=EURO_YEAR,
        under=_("Votre revenu fiscal, %(have)s, est sous la limite de %(limit)s par an."),
        over=_("Votre revenu fiscal, %(have)s, est %(gap)s au-dessus de la limite des logements les moins chers."),
        law=law,
        keys=notice_key(context),
    )
