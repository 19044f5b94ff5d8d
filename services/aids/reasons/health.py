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
    resources_reason,
)

C2S = f"{MINIMA}.cs"


def c2s(context: Context) -> Explanation:
    free, paying = bool(context.amount("cmu_c")), context.amount("css_participation_forfaitaire")
    own = bool(context.read("css_cmu_acs_eligibilite"))
    have, low, high = (
        float(context.read(name)) for name in ("css_cmu_base_ressources", "cmu_c_plafond", "acs_plafond")
    )
    by_rsa = free and have > low
    limit = low if free or have <= low else high
    law = context.law(f"{C2S}.cmu.plafond_base")
    reasons = [
        Reason(
            _("Vous pouvez demander la couverture pour votre foyer.")
            if own
            else _("Avant 25 ans, il faut être indépendant de ses parents ou avoir un enfant."),
            own,
            law=context.law(f"{C2S}.cmu.age_limite_pac"),
            figures=tuple(f"people[{person.id}].birth_date" for person in context.household.parents),
        ),
    ]
    if by_rsa:
        reasons.append(
            Reason(
                _("Vous avez droit au RSA : la couverture est gratuite."),
                True,
                context.amount("rsa"),
                0,
                EURO_MONTH,
                law,
                ("benefits_received",),
            )
        )
    else:
        reasons.append(
            resources_reason(
                _("Vos ressources de douze mois, %(have)s, sont sous la limite de %(limit)s."),
                _("Vos ressources sont %(gap)s au-dessus de la limite, par an."),
                have,
                limit,
                EURO_YEAR,
                law,
                (*context.income_keys(), "housing.status", "benefits_received"),
            )
        )
    first, last = (
        (months.shift(context.month, -12), months.shift(context.month, -1))
        if context.stock
        else (months.shift(context.month, -13), months.shift(context.month, -2))
    )
    figures = [
        *context.incomes(first, last),
        Figure(_("Ressources de douze mois, avec le forfait logement"), round(have, 2), EURO_YEAR),
        Figure(_("Limite pour la gratuité"), round(low, 2), EURO_YEAR, "household.people", law.title),
        Figure(
            _("Limite avec participation"),
            round(high, 2),
            EURO_YEAR,
            "household.people",
            context.law(f"{C2S}.acs.majoration_plafond_acs").title,
        ),
    ]
    yes = _("Vos frais de santé sont pris en charge, sans cotisation.")
    if paying and not free:
        yes = _("Vos frais de santé sont pris en charge pour %(price)s par mois pour votre foyer.") % {
            "price": euros(paying)
        }
    explanation = Explanation(
        "c2s", reasons, Threshold(_("Ressources de douze mois"), have, limit, EURO_YEAR), figures, yes=yes
    )
    if paying and not free:
        explanation.changes.append(
            _("Avec %(gap)s de ressources en moins sur l’année, ce serait gratuit.") % {"gap": euros(have - low)}
        )
    return explanation
