"""Complémentaire santé solidaire: free, or for a small contribution."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from services.aids.household import months
from services.aids.reasons.common import (
    EURO_MONTH,
    EURO_YEAR,
    MINIMA,
    Context,
    Explanation,
    Figure,
    Reason,
    Threshold,
    cents,
    count,
    euros,
    per_month,
    per_year,
    total,
)
from services.aids.reasons.conditions import condition, resources_under

C2S = f"{MINIMA}.cs"
AGE_OF_CHILD = f"{C2S}.cmu.age_limite_pac"


def c2s(context: Context) -> Explanation:
    free, price = bool(context.amount("cmu_c")), context.amount("css_participation_forfaitaire")
    have, low, high = (
        float(context.read(name)) for name in ("css_cmu_base_ressources", "cmu_c_plafond", "acs_plafond")
    )
    limit = low if free or have <= low else high
    by_rsa = free and have > low
    explanation = Explanation(
        "c2s",
        [_own_right(context), _open_right(context, have, limit, by_rsa=by_rsa)],
        threshold=Threshold(_("Ressources de douze mois"), have, limit, EURO_YEAR),
        figures=_figures(context, have, low, high),
        yes=_("Vos frais de santé sont pris en charge, sans cotisation."),
    )
    if price and not free:
        explanation.yes = _("Vos frais de santé sont pris en charge pour %(price)s par mois pour votre foyer.") % {
            "price": euros(price)
        }
        if have <= high:
            less = _("Avec %(gap)s de ressources en moins sur l’année, ce serait gratuit.")
            explanation.changes.append(less % {"gap": euros(have - low)})
        shares = _shares(context)
        explanation.figures += shares
        explanation.formula = total([share.value for share in shares], price)
    elif free:
        explanation.formula = _("Gratuit avec le RSA") if by_rsa else f"{cents(have)} ≤ {cents(low)}"
    return explanation


def _open_right(context: Context, have: float, limit: float, *, by_rsa: bool) -> Reason:
    """Explain by what the cover is open: the RSA, another minimum income (L. 861-2 CSS), or the resources."""
    if by_rsa:
        return _rsa(context)
    if have > limit and context.amount("css_participation_forfaitaire"):
        text = _("Vous avez l’Aspa, l’ASI ou l’AAH entière : vos ressources ne sont pas comptées.")
        return Reason(text=text, ok=True, law=context.law(f"{C2S}.cmu.plafond_base"), keys=("benefits_received",))
    return _resources(context, have, limit)


def _shares(context: Context) -> list[Figure]:
    """Return each person's share of the contribution, which depends on their age."""
    return [
        per_month(
            _("Participation (%(person)s)") % {"person": context.name(person)},
            round(float(context.read("css_participation_forfaitaire_montant_i", person=person)), 2),
            key=person.key("birth_date"),
            rule=_("Selon l’âge : %(age)s ans") % {"age": person.age(context.month)},
        )
        for person in context.people
        if context.stock or person.role != "child" or person.age(context.month) < context.parameter(AGE_OF_CHILD)
    ]


def _own_right(context: Context) -> Reason:
    return condition(
        bool(context.read("css_cmu_acs_eligibilite")),
        yes=_("Vous pouvez demander la couverture pour votre foyer."),
        no=_("Avant 25 ans, il faut être indépendant de ses parents ou avoir un enfant."),
        law=context.law(AGE_OF_CHILD),
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
    incomes = context.incomes(months.shift(context.month, later - 13), months.shift(context.month, later - 2))
    others = [*_family_benefits(context), *_flat_housing(context)]
    return [
        *incomes,
        *others,
        per_year(_("Ressources de douze mois"), round(have, 2), rule=_sum_of(incomes, others, have)),
        per_year(_("Limite pour la gratuité"), round(low, 2), key="household.people", rule=_free_rule(context, low)),
        per_year(
            _("Limite avec participation"), round(high, 2), key="household.people", rule=_paying_rule(context, low)
        ),
    ]


def _sum_of(incomes: Sequence[Figure], others: Sequence[Figure], have: float) -> str:
    """Return the sum of the lines above, empty if other incomes count too."""
    known = sum(12 * income.value for income in incomes) + sum(other.value for other in others)
    if abs(known - have) > 0.1 * (1 + len(incomes)):  # each income is a mean rounded to the cent
        return ""
    return " + ".join([*(f"12 × {cents(one.value)}" for one in incomes), *(cents(one.value) for one in others)])


def _family_benefits(context: Context) -> list[Figure]:
    """Return the family benefits of the twelve months before, as if all were claimed lately."""
    span = months.shift(context.month, -12), months.shift(context.month, -1)
    paid = sum(context.total(name, *span) for name in ("af", "asf", "cf"))
    rule = _("Comptées comme des ressources, une fois toutes demandées")
    return [per_year(_("Prestations familiales"), round(paid, 2), rule=rule)] if paid else []


def _flat_housing(context: Context) -> list[Figure]:
    """Return the amount counted for a housing aid, or for a home without rent."""
    home = context.household.housing
    free = home is not None and home.status in {"owner", "free"}
    flat = float(context.read("css_cmu_forfait_logement_al"))
    flat += float(context.read("css_cmu_forfait_logement_base")) if free else 0.0
    rule = _("Règle : vous avez une aide au logement ou vous ne payez pas de loyer")
    return [per_year(_("Forfait logement"), round(flat, 2), key="housing", rule=rule)] if flat else []


def _free_rule(context: Context, low: float) -> str:
    base = context.parameter(f"{C2S}.cmu.plafond_base")
    parts = round(low / base, 2)
    title = context.law(f"{C2S}.cmu.plafond_base").title
    return f"{cents(base)} × {count(parts)}" if round(base * parts) == round(low) else title


def _paying_rule(context: Context, low: float) -> str:
    more = 1 + context.parameter(f"{C2S}.acs.majoration_plafond_acs")
    return f"{cents(low)} × {count(round(more, 2))}"
