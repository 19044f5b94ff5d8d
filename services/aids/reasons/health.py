"""Complémentaire santé solidaire: free, or for a small contribution."""

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.reasons.common import (
    EURO_MONTH,
    EURO_YEAR,
    MINIMA,
    Context,
    Explanation,
    Figure,
    Reason,
    Threshold,
    euros,
    per_year,
)
from services.aids.reasons.conditions import condition, resources_under

C2S = f"{MINIMA}.cs"


def c2s(context: Context) -> Explanation:
    free, price = bool(context.amount("cmu_c")), context.amount("css_participation_forfaitaire")
    have, low, high = (
        float(context.read(name)) for name in ("css_cmu_base_ressources", "cmu_c_plafond", "acs_plafond")
    )
    limit = low if free or have <= low else high
    by_rsa = free and have > low
    explanation = Explanation(
        "c2s",
        [_own_right(context), _rsa(context) if by_rsa else _resources(context, have, limit)],
        threshold=Threshold(_("Ressources de douze mois"), have, limit, EURO_YEAR),
        figures=_figures(context, have, low, high),
        yes=_("Vos frais de santé sont pris en charge, sans cotisation."),
    )
    if price and not free:
        explanation.yes = _("Vos frais de santé sont pris en charge pour %(price)s par mois pour votre foyer.") % {
            "price": euros(price)
        }
        explanation.changes.append(
            _("Avec %(gap)s de ressources en moins sur l’année, ce serait gratuit.") % {"gap": euros(have - low)}
        )
    return explanation


def _own_right(context: Context) -> Reason:
    return condition(
        bool(context.read("css_cmu_acs_eligibilite")),
        yes=_("Vous pouvez demander la couverture pour votre foyer."),
        no=_("Avant 25 ans, il faut être indépendant de ses parents ou avoir un enfant."),
        law=context.law(f"{C2S}.cmu.age_limite_pac"),
        keys=tuple(person.key("birth_date") for person in context.household.parents),
    )


def _rsa(context: Context) -> Reason:
    return Reason(
        text=_("Vous avez droit au RSA : la couverture est gratuite."),
        ok=True,
        value=context.amount("rsa"),
        limit=0,
        unit=EURO_MONTH,
        law=context.law(f"{C2S}.cmu.plafond_base"),
        keys=("benefits_received",),
    )


def _resources(context: Context, have: float, limit: float) -> Reason:
    return resources_under(
        limit,
        have=have,
        unit=EURO_YEAR,
        under=_("Vos ressources de douze mois, %(have)s, sont sous la limite de %(limit)s."),
        over=_("Vos ressources sont %(gap)s au-dessus de la limite, par an."),
        law=context.law(f"{C2S}.cmu.plafond_base"),
        keys=(*context.income_keys(), "housing.status", "benefits_received"),
    )


def _figures(context: Context, have: float, low: float, high: float) -> list[Figure]:
    """The law counts months M-13 to M-2; the published engine counts one month later."""
    later = 1 if context.stock else 0
    free, paying = context.law(f"{C2S}.cmu.plafond_base"), context.law(f"{C2S}.acs.majoration_plafond_acs")
    return [
        *context.incomes(months.shift(context.month, later - 13), months.shift(context.month, later - 2)),
        per_year(_("Ressources de douze mois, avec le forfait logement"), round(have, 2)),
        per_year(_("Limite pour la gratuité"), round(low, 2), key="household.people", rule=free.title),
        per_year(_("Limite avec participation"), round(high, 2), key="household.people", rule=paying.title),
    ]
