"""Family benefits: allocations familiales, complément familial, ASF, PAJE, birth grant, ARS, AEEH."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import month as spoken
from services.aids.household import Person, months
from services.aids.reasons import family_amounts
from services.aids.reasons.common import (
    COUNT,
    EURO_MONTH,
    EURO_YEAR,
    FAMILY,
    RATE,
    Context,
    Explanation,
    Figure,
    Law,
    Reason,
    Threshold,
    euros,
    notice_key,
    per_year,
)
from services.aids.reasons.conditions import condition, needs_more, refusal, resources_under

#: Of a disability: the least rate for the AEEH (R. 541-1 CSS).
HALF = 0.5
GENERAL = f"{FAMILY}.prestations_generales"
CHILDHOOD = f"{FAMILY}.petite_enfance.paje"
PRESENCE = f"{FAMILY}.education_presence_parentale"
PAJE_CEILING = f"{CHILDHOOD}.paje_plaf.ne_adopte_apres_04_2018"


def children_keys(context: Context) -> tuple[str, ...]:
    return ("household.people", *(child.key("birth_date") for child in context.household.children))


def _children_reason(context: Context, found: int, *, least: int, ages: str, law: Law) -> Reason:
    if found >= least:
        text = ngettext("Vous avez %(found)s enfant %(ages)s.", "Vous avez %(found)s enfants %(ages)s.", found)
    elif found == 0:
        text = ngettext("Il faut %(least)s enfant %(ages)s.", "Il faut %(least)s enfants %(ages)s.", least)
    else:
        text = ngettext(
            "Il faut %(least)s enfants %(ages)s. Vous en avez %(found)s.",
            "Il faut %(least)s enfants %(ages)s. Vous en avez %(found)s.",
            found,
        )
    return Reason(
        text=text % {"found": found, "least": least, "ages": ages},
        ok=found >= least,
        value=found,
        limit=least,
        unit=COUNT,
        law=law,
        keys=children_keys(context),
    )


def _base(context: Context, period: str | None = None) -> float:
    return float(context.read("prestations_familiales_base_ressources", period))


def _base_figures(context: Context) -> list[Figure]:
    """Family benefits read the twelve months of the year before last."""
    year = context.household.reference_year
    label = _("Revenus de %(year)s retenus") % {"year": year}
    return [
        *context.incomes(f"{year}-01", f"{year}-12", figure="taxable"),
        per_year(label, round(_base(context), 2), key=f"tax_notices[{year}].rfr", rule=_("Après les abattements")),
    ]


def _resources(context: Context, have: float, cap: float, law: Law) -> Reason:
    return resources_under(
        cap,
        have=have,
        unit=EURO_YEAR,
        under=_("Vos revenus de l’année de référence, %(have)s, sont sous la limite de %(limit)s."),
        over=_("Vos revenus de l’année de référence sont %(gap)s au-dessus de la limite, par an."),
        law=law,
        keys=(*context.income_keys(), *notice_key(context)),
    )


def _threshold(have: float, cap: float) -> Threshold:
    return Threshold(_("Revenus de l’année de référence"), have, cap, EURO_YEAR)


def af(context: Context) -> Explanation:
    found = int(context.read("af_nbenf"))
    path = f"{GENERAL}.af.af_cm.nb_enfants_min_pour_allocation"
    least = int(context.parameter(path))
    reasons = [
        _children_reason(context, found, least=least, ages=_("de moins de 20 ans à charge"), law=context.law(path))
    ]
    explanation = Explanation("af", reasons, yes=_("Vous avez au moins deux enfants à charge."))
    rate = float(context.read("af_taux_modulation"))
    if found >= least:
        steps = family_amounts.af(context)
        explanation.figures, explanation.formula = [*_base_figures(context), *steps.figures], steps.formula
        if rate < 1:
            reasons.append(_reduced(context, round(rate * 100)))
    return explanation


def _reduced(context: Context, percent: int) -> Reason:
    return Reason(
        text=_("Vos revenus dépassent une tranche : le montant est réduit à %(rate)s %%.") % {"rate": percent},
        ok=True,
        value=percent,
        limit=100,
        unit=RATE,
        law=context.law(f"{GENERAL}.af.af_cond_ress.plafond_tranche_1_base"),
        keys=notice_key(context),
    )


def cf(context: Context) -> Explanation:
    found = sum(bool(context.read("cf_enfant_eligible", person=child)) for child in context.children)
    path = f"{GENERAL}.cf.cf_cm.nombre_d_enfants_minimal"
    least = int(context.parameter(path))
    reasons = [_children_reason(context, found, least=least, ages=_("de 3 à 20 ans"), law=context.law(path))]
    explanation = Explanation(
        "cf", reasons, yes=_("Vous avez trois enfants de 3 à 20 ans et vos revenus sont sous la limite.")
    )
    if found >= least:
        have, cap = float(context.read("cf_base_ressources")), float(context.read("cf_plafond"))
        if context.amount("cf") and have > cap:
            cap = have + 12 * context.amount("cf")  # the differential grant tapers over the ceiling
        reasons.append(
            _resources(context, have, cap, context.law(f"{GENERAL}.cf.cf_plaf.plafond_ressources_0_enfant"))
        )
        if context.amount("paje_base"):
            reasons.append(_replaced_by_paje(context))
        explanation.threshold = _threshold(have, cap)
        explanation.figures = _base_figures(context)
    return explanation


def _replaced_by_paje(context: Context) -> Reason:
    return refusal(
        _("L’allocation de base de la PAJE est versée à la place, jusqu’aux 3 ans du plus jeune."),
        value=context.amount("paje_base"),
        limit=0,
        unit=EURO_MONTH,
        keys=children_keys(context),
    )


def asf(context: Context) -> Explanation:
    alone = context.household.partner is None
    found = sum(bool(context.read("asf_elig_enfant", person=child)) for child in context.children)
    shared = [child for child in context.children if child.shared_custody and not context.stock]
    law = context.law(f"{PRESENCE}.asf.montant_asf.orphelin_assimile_seul_parent")
    reasons = [
        condition(
            alone,
            yes=_("Vous élevez seul vos enfants."),
            no=_("Il faut élever seul ses enfants."),
            law=law,
            keys=("household.partner",),
        ),
        _children_reason(context, found, least=1, ages=_("de moins de 20 ans à charge"), law=law),
    ]
    if shared and not found:
        both = _("En résidence alternée, l’autre parent élève aussi l’enfant : cette allocation n’est pas due.")
        reasons.append(refusal(both, law=law, keys=tuple(child.key("shared_custody") for child in shared)))
    explanation = Explanation(
        "asf",
        reasons,
        yes=_("Vous élevez seul vos enfants sans pension alimentaire suffisante."),
        changes=[
            _(
                "Si vous élevez un enfant qui n’a plus ses deux parents, en couple ou non, "
                "un montant plus élevé est dû."
            )
        ],
    )
    if alone and found:
        received = _alimony_received(context)
        reasons.append(_alimony(context, found, received, law))
        steps = family_amounts.asf(context, found, received)
        explanation.figures, explanation.formula = steps.figures, steps.formula
    return explanation


def _alimony_received(context: Context) -> float:
    return float(sum(person.received(context.month, "alimony_received") for person in context.household.people))


def _alimony(context: Context, children: int, received: float, law: Law) -> Reason:
    """The grant pays what the alimony received lacks, above a least amount."""
    share = context.parameter(f"{PRESENCE}.asf.montant_asf.orphelin_assimile_seul_parent")
    due = children * context.parameter(f"{FAMILY}.bmaf.bmaf") * share
    words = {"have": euros(received), "limit": euros(due)}
    keys = tuple(key for key in context.income_keys() if key.endswith("alimony_received"))
    return condition(
        due - received > context.parameter(f"{PRESENCE}.asf.seuil"),
        yes=_("La pension alimentaire reçue, %(have)s, est sous l’allocation de %(limit)s.") % words,
        no=_("La pension alimentaire reçue, %(have)s, couvre l’allocation de %(limit)s.") % words,
        value=received,
        limit=round(due, 2),
        unit=EURO_MONTH,
        law=law,
        keys=keys or (context.household.applicant.key("incomes.alimony_received"),),
    )


def paje_base(context: Context) -> Explanation:
    children = context.children
    found = sum(
        child.age(context.month) < 3 and bool(context.read("enfant_eligible_paje", person=child)) for child in children
    )
    law = context.law(f"{CHILDHOOD}.paje_cm.age_limite_enfant_adopte_non")
    reasons = [_children_reason(context, found, least=1, ages=_("de moins de 3 ans"), law=law)]
    explanation = Explanation(
        "paje_base", reasons, yes=_("Vous avez un enfant de moins de 3 ans et vos revenus sont sous la limite.")
    )
    if found:
        _add_paje_resources(context, explanation, cap=_paje_ceiling(context, int(context.read("af_nbenf"))))
        explanation.figures = _base_figures(context)
    return explanation


def _add_paje_resources(context: Context, explanation: Explanation, *, cap: float) -> None:
    have = _base(context)
    law = context.law(f"{PAJE_CEILING}.taux_partiel.plafond_ressources_0_enfant")
    explanation.reasons.append(_resources(context, have, cap, law))
    explanation.threshold = _threshold(have, cap)


def _paje_ceiling(context: Context, children: int) -> float:
    """Return the ceiling in euros a year, which is higher for one parent or two jobs."""
    floor = context.parameter(f"{PAJE_CEILING}.taux_partiel.plafond_ressources_0_enfant")
    two = context.parameter(f"{PAJE_CEILING}.majorations_enfants.premier_2eme_enfant")
    more = context.parameter(f"{PAJE_CEILING}.majorations_enfants.troisieme_plus_enfant")
    alone_or_both = context.household.partner is None or bool(context.read("biactivite"))
    addition = context.parameter(f"{PAJE_CEILING}.taux_partiel.biactifs_parents_isoles") if alone_or_both else 0
    return float(floor * (1 + two * min(children, 2) + more * max(children - 2, 0)) + addition)


def paje_naissance(context: Context) -> Explanation:
    due = _due_date(context)
    law = context.law(f"{CHILDHOOD}.paje_cm2.montant.prime_naissance")
    expected = _is_birth_expected(context, due)
    reasons = [
        condition(
            expected,
            yes=_("Une naissance est attendue."),
            no=_("Il faut attendre une naissance."),
            unknown=_("Nous ne savons pas si une naissance est attendue."),
            law=law,
            keys=tuple(person.key("pregnant") for person in context.household.parents),
        )
    ]
    explanation = Explanation(
        "paje_naissance", reasons, yes=_("Une naissance est attendue et vos revenus sont sous la limite.")
    )
    if expected:
        reasons.append(_month_reason(context, due, law))
        _add_paje_resources(context, explanation, cap=_paje_ceiling(context, int(context.read("af_nbenf")) + 1))
    return explanation


def _is_birth_expected(context: Context, due: date | None) -> bool | None:
    """Return None if no parent is known to be pregnant and one may be."""
    answers = [person.pregnant for person in context.household.parents]
    if due is not None or any(answers):
        return True
    return None if None in answers else False


def _month_reason(context: Context, due: date | None, law: Law) -> Reason:
    keys = tuple(person.key("due_date") for person in context.household.parents)
    if due is None:
        return needs_more(_("Nous ne savons pas pour quand la naissance est attendue."), law=law, keys=keys)
    paid = months.shift(due.strftime("%Y-%m"), -2)
    return condition(
        paid == context.month,
        yes=_("La prime est versée au septième mois de grossesse : c’est maintenant."),
        no=_("La prime est versée au septième mois de grossesse, en %(month)s.") % {"month": spoken(paid)},
        law=law,
        keys=keys,
    )


def _due_date(context: Context) -> date | None:
    unborn = next((child.birth_date for child in context.household.children if child.age(context.month) < 0), None)
    return unborn or next(
        (person.due_date for person in context.household.parents if person.pregnant and person.due_date), None
    )


def ars(context: Context) -> Explanation:
    year = context.month[:4]
    found = sum(family_amounts.is_pupil(context, child) for child in context.children)
    law = context.law(f"{PRESENCE}.ars.ars_cond.age_entree_primaire")
    reasons = [_children_reason(context, found, least=1, ages=_("de 6 à 18 ans à l’école"), law=law)]
    explanation = Explanation(
        "ars", reasons, yes=_("Vous avez un enfant à l’école et vos revenus sont sous la limite.")
    )
    if found:
        have = _base(context, f"{year}-01")
        path = f"{PRESENCE}.ars.ars_plaf"
        cap = context.parameter(f"{path}.plafond_ressources") * (
            1 + int(context.read("af_nbenf", f"{year}-10")) * context.parameter(f"{path}.majoration_par_enf_supp")
        )
        steps = family_amounts.ars(context, have, cap)
        explanation.figures, explanation.formula = [*_base_figures(context), *steps.figures], steps.formula
        if context.amount("ars") and have > cap:
            cap = have + context.amount("ars")  # the differential grant tapers over the ceiling
        reasons.append(_resources(context, have, cap, context.law(f"{path}.plafond_ressources")))
        explanation.threshold = _threshold(have, cap)
    return explanation


def aeeh(context: Context) -> Explanation:
    path = f"{PRESENCE}.aeeh.age_maximum_enfant"
    young = [child for child in context.children if _is_under(context, child, int(context.parameter(path)))]
    reasons = [_children_reason(context, len(young), least=1, ages=_("de moins de 20 ans"), law=context.law(path))]
    if young:
        reasons.append(_disability(young, context.law(path)))
    disabled = [child for child in young if child.disability_rate]
    if disabled and not context.stock and all(context.read("autonomie_financiere", person=one) for one in disabled):
        reasons.append(refusal(_("L’enfant gagne plus que la limite pour un enfant à charge."), law=context.law(path)))
    return Explanation("aeeh", reasons, yes=_("La MDPH a reconnu le handicap d’un enfant."))


def _is_under(context: Context, child: Person, years: int) -> bool:
    """Return whether a child has not reached the month of this birthday. The published engine pays in it."""
    if context.stock:
        return child.age(context.month) < years
    return (child.birth_date.year + years, child.birth_date.month) > tuple(map(int, context.month.split("-")))


def _disability(children: list[Person], law: Law) -> Reason:
    rates = [child.disability_rate for child in children]
    return condition(
        True if any((rate or 0) >= HALF for rate in rates) else None if None in rates else False,
        yes=_("La MDPH a reconnu le handicap d’un enfant."),
        no=_("Il faut que la MDPH ait reconnu à un enfant un taux de 50 % ou plus."),
        unknown=_("Nous ne savons pas si la MDPH a reconnu le handicap d’un enfant."),
        value=max(rate or 0 for rate in rates) * 100,
        limit=50,
        unit=RATE,
        law=law,
        keys=tuple(child.key("disability_rate") for child in children),
    )
