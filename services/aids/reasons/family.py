"""Family benefits: allocations familiales, complément familial, ASF, PAJE, birth grant, ARS, AEEH."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import month as spoken
from services.aids import months
from services.aids.household import Person
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
    resources_reason,
)

GENERAL = f"{FAMILY}.prestations_generales"
CHILDHOOD = f"{FAMILY}.petite_enfance.paje"
PRESENCE = f"{FAMILY}.education_presence_parentale"


def children_keys(context: Context) -> tuple[str, ...]:
    return ("household.people", *(f"people[{child.id}].birth_date" for child in context.household.children))


def _children_reason(context: Context, found: int, least: int, law: Law, ages: str) -> Reason:
    enough = found >= least
    if enough:
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
        text % {"found": found, "least": least, "ages": ages}, enough, found, least, COUNT, law, children_keys(context)
    )


def _base(context: Context, period: str | None = None) -> float:
    return float(context.read("prestations_familiales_base_ressources", period))


def _base_figures(context: Context) -> list[Figure]:
    """Family benefits read the twelve months of the year before last."""
    year = context.household.reference_year
    lines = context.incomes(f"{year}-01", f"{year}-12", figure="taxable")
    total = _base(context)
    return [
        *lines,
        Figure(
            _("Revenus de %(year)s retenus") % {"year": year},
            round(total, 2),
            EURO_YEAR,
            f"tax_notices[{year}].rfr",
            _("Après les abattements"),
        ),
    ]


def _resources(context: Context, have: float, cap: float, law: Law) -> Reason:
    return resources_reason(
        _("Vos revenus de l’année de référence, %(have)s, sont sous la limite de %(limit)s."),
        _("Vos revenus de l’année de référence sont %(gap)s au-dessus de la limite, par an."),
        have,
        cap,
        EURO_YEAR,
        law,
        (*context.income_keys(), *notice_key(context)),
    )


def af(context: Context) -> Explanation:
    found = int(context.read("af_nbenf"))
    least = int(context.parameter(f"{GENERAL}.af.af_cm.nb_enfants_min_pour_allocation"))
    law = context.law(f"{GENERAL}.af.af_cm.nb_enfants_min_pour_allocation")
    reasons = [_children_reason(context, found, least, law, _("de moins de 20 ans à charge"))]
    explanation = Explanation("af", reasons, None, [], yes=_("Vous avez au moins deux enfants à charge."))
    rate = float(context.read("af_taux_modulation"))
    if found >= least:
        explanation.figures = _base_figures(context)
        if rate < 1:
            text = _("Vos revenus dépassent une tranche : le montant est réduit à %(rate)s %%.") % {
                "rate": round(rate * 100)
            }
            reasons.append(
                Reason(
                    text,
                    True,
                    round(rate * 100),
                    100,
                    RATE,
                    context.law(f"{GENERAL}.af.af_cond_ress.plafond_tranche_1_base"),
                    notice_key(context),
                )
            )
    return explanation


def cf(context: Context) -> Explanation:
    found = sum(bool(context.read("cf_enfant_eligible", person=child)) for child in context.children)
    least = int(context.parameter(f"{GENERAL}.cf.cf_cm.nombre_d_enfants_minimal"))
    law = context.law(f"{GENERAL}.cf.cf_cm.nombre_d_enfants_minimal")
    reasons = [_children_reason(context, found, least, law, _("de 3 à 20 ans"))]
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
            text = _("L’allocation de base de la PAJE est versée à la place, jusqu’aux 3 ans du plus jeune.")
            reasons.append(
                Reason(text, False, context.amount("paje_base"), 0, EURO_MONTH, figures=children_keys(context))
            )
        explanation.threshold = Threshold(_("Revenus de l’année de référence"), have, cap, EURO_YEAR)
        explanation.figures = _base_figures(context)
    return explanation


def asf(context: Context) -> Explanation:
    alone = context.household.partner is None
    found = sum(bool(context.read("asf_elig_enfant", person=child)) for child in context.children)
    law = context.law(f"{PRESENCE}.asf.montant_asf.orphelin_assimile_seul_parent")
    alimony = float(sum(person.received(context.month, "alimony_received") for person in context.household.people))
    due = (
        found
        * context.parameter(f"{FAMILY}.bmaf.bmaf")
        * context.parameter(f"{PRESENCE}.asf.montant_asf.orphelin_assimile_seul_parent")
    )
    reasons = [
        Reason(
            _("Vous élevez seul vos enfants.") if alone else _("Il faut élever seul ses enfants."),
            alone,
            law=law,
            figures=("household.partner",),
        ),
        _children_reason(context, found, 1, law, _("de moins de 20 ans à charge")),
    ]
    if alone and found:
        least = context.parameter(f"{PRESENCE}.asf.seuil")
        ok = due - alimony > least
        text = (
            _("La pension alimentaire reçue, %(have)s, est sous l’allocation de %(limit)s.")
            if ok
            else _("La pension alimentaire reçue, %(have)s, couvre l’allocation de %(limit)s.")
        )
        keys = tuple(key for key in context.income_keys() if key.endswith("alimony_received")) or (
            f"people[{context.household.applicant.id}].incomes.alimony_received",
        )
        reasons.append(
            Reason(
                text % {"have": euros(alimony), "limit": euros(due)}, ok, alimony, round(due, 2), EURO_MONTH, law, keys
            )
        )
    return Explanation(
        "asf",
        reasons,
        None,
        context.incomes(context.month, context.month),
        yes=_("Vous élevez seul vos enfants sans pension alimentaire suffisante."),
    )


def paje_base(context: Context) -> Explanation:
    children = context.children
    found = sum(
        child.age(context.month) < 3 and bool(context.read("enfant_eligible_paje", person=child)) for child in children
    )
    reasons = [
        _children_reason(
            context, found, 1, context.law(f"{CHILDHOOD}.paje_cm.age_limite_enfant_adopte_non"), _("de moins de 3 ans")
        )
    ]
    explanation = Explanation(
        "paje_base", reasons, yes=_("Vous avez un enfant de moins de 3 ans et vos revenus sont sous la limite.")
    )
    if found:
        cap, have = _young_cap(context, int(context.read("af_nbenf")), "after_2018"), _base(context)
        reasons.append(
            _resources(
                context,
                have,
                cap,
                context.law(f"{CHILDHOOD}.paje_plaf.ne_adopte_apres_04_2018.taux_partiel.plafond_ressources_0_enfant"),
            )
        )
        explanation.threshold = Threshold(_("Revenus de l’année de référence"), have, cap, EURO_YEAR)
        explanation.figures = _base_figures(context)
    return explanation


def _young_cap(context: Context, children: int, kind: str) -> float:
    """Ceiling of the PAJE. Both grants add the same for one parent or two jobs."""
    root = f"{CHILDHOOD}.paje_plaf.ne_adopte_apres_04_2018"
    floor = context.parameter(f"{root}.taux_partiel.plafond_ressources_0_enfant")
    two, more = (
        context.parameter(f"{root}.majorations_enfants.premier_2eme_enfant"),
        context.parameter(f"{root}.majorations_enfants.troisieme_plus_enfant"),
    )
    alone_or_both = context.household.partner is None or bool(context.read("biactivite"))
    rate = (1 if children or kind == "after_2018" else 0) + two * min(children, 2) + more * max(children - 2, 0)
    return float(
        floor * rate
        + (context.parameter(f"{root}.taux_partiel.biactifs_parents_isoles") if alone_or_both and rate else 0)
    )


def paje_naissance(context: Context) -> Explanation:
    due = _due_date(context)
    pregnant = due is not None or any(person.pregnant for person in context.household.parents)
    unknown = due is None and any(person.pregnant is None for person in context.household.parents)
    law = context.law(f"{CHILDHOOD}.paje_cm2.montant.prime_naissance")
    keys = tuple(f"people[{person.id}].pregnant" for person in context.household.parents)
    text = _("Une naissance est attendue.") if pregnant else _("Il faut attendre une naissance.")
    if unknown and not pregnant:
        text = _("Nous ne savons pas si une naissance est attendue.")
    reasons = [Reason(text, True if pregnant else None if unknown else False, law=law, figures=keys)]
    explanation = Explanation(
        "paje_naissance", reasons, yes=_("Une naissance est attendue et vos revenus sont sous la limite.")
    )
    if pregnant:
        reasons.append(_month_reason(context, due, law))
        cap, have = _young_cap(context, int(context.read("af_nbenf")) + 1, "birth"), _base(context)
        reasons.append(
            _resources(
                context,
                have,
                cap,
                context.law(f"{CHILDHOOD}.paje_plaf.ne_adopte_apres_04_2018.taux_partiel.plafond_ressources_0_enfant"),
            )
        )
        explanation.threshold = Threshold(_("Revenus de l’année de référence"), have, cap, EURO_YEAR)
    return explanation


def _month_reason(context: Context, due: date | None, law: Law) -> Reason:
    keys = tuple(f"people[{person.id}].due_date" for person in context.household.parents)
    if due is None:
        return Reason(_("Nous ne savons pas pour quand la naissance est attendue."), None, law=law, figures=keys)
    paid = months.shift(due.strftime("%Y-%m"), -2)
    now = paid == context.month
    text = (
        _("La prime est versée au septième mois de grossesse : c’est maintenant.")
        if now
        else _("La prime est versée au septième mois de grossesse, en %(month)s.")
    )
    return Reason(text % {"month": spoken(paid)}, now, law=law, figures=keys)


def _due_date(context: Context) -> date | None:
    unborn = next((child.birth_date for child in context.household.children if child.age(context.month) < 0), None)
    return unborn or next(
        (person.due_date for person in context.household.parents if person.pregnant and person.due_date), None
    )


def ars(context: Context) -> Explanation:
    year = context.month[:4]
    found = sum(
        6 <= int(year) - child.birth_date.year <= 17 or _eighteen_in_autumn(child, int(year))
        for child in context.children
    )
    law = context.law(f"{PRESENCE}.ars.ars_cond.age_entree_primaire")
    reasons = [_children_reason(context, found, 1, law, _("de 6 à 18 ans à l’école"))]
    explanation = Explanation(
        "ars", reasons, yes=_("Vous avez un enfant à l’école et vos revenus sont sous la limite.")
    )
    if found:
        have = _base(context, f"{year}-01")
        path = f"{PRESENCE}.ars.ars_plaf"
        cap = context.parameter(f"{path}.plafond_ressources") * (
            1 + int(context.read("af_nbenf", f"{year}-10")) * context.parameter(f"{path}.majoration_par_enf_supp")
        )
        if context.amount("ars") and have > cap:
            cap = have + context.amount("ars")  # the differential grant tapers over the ceiling
        reasons.append(_resources(context, have, cap, context.law(f"{path}.plafond_ressources")))
        explanation.threshold = Threshold(_("Revenus de l’année de référence"), have, cap, EURO_YEAR)
        explanation.figures = _base_figures(context)
    return explanation


def _eighteen_in_autumn(child: Person, year: int) -> bool:
    return year - child.birth_date.year == 18 and child.birth_date.month >= 10


def aeeh(context: Context) -> Explanation:
    oldest = context.parameter(f"{PRESENCE}.aeeh.age_maximum_enfant")
    young = [child for child in context.children if child.age(context.month) < oldest]
    recognised = [child for child in young if child.disability_rate]
    unknown = not recognised and any(child.disability_rate is None for child in young)
    law = context.law(f"{PRESENCE}.aeeh.age_maximum_enfant")
    reasons = [_children_reason(context, len(young), 1, law, _("de moins de 20 ans"))]
    if young:
        ok = True if recognised else None if unknown else False
        text = {
            True: _("La MDPH a reconnu le handicap d’un enfant."),
            False: _("Il faut que la MDPH ait reconnu le handicap d’un enfant."),
            None: _("Nous ne savons pas si la MDPH a reconnu le handicap d’un enfant."),
        }[ok]
        rate = max((child.disability_rate or 0 for child in young), default=0) * 100
        reasons.append(
            Reason(text, ok, rate, 50, RATE, law, tuple(f"people[{child.id}].disability_rate" for child in young))
        )
    return Explanation("aeeh", reasons, yes=_("La MDPH a reconnu le handicap d’un enfant."))
