"""RSA, prime d'activité, ASPA, ASI, ASS: incomes completed up to a floor."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from services.aids.household import Person, months
from services.aids.reasons.common import (
    EURO_MONTH,
    HEALTH,
    MINIMA,
    SOCIAL,
    YEARS,
    Context,
    Explanation,
    Figure,
    Law,
    Reason,
    Threshold,
    cents,
    count,
    difference,
    euros,
    per_month,
)
from services.aids.reasons.conditions import age_between, condition, needs_more, refusal, resources_under
from services.aids.reasons.residence import AGE_OF_RSA, explain_residence
from services.aids.reasons.rsa_amounts import RSA, compute_rsa_floor

#: In two years, for a right to an unemployment benefit.
MONTHS_OF_WORK = 6
PPA = f"{MINIMA}.ppa"
ASPA = f"{SOCIAL}.solidarite_insertion.minimum_vieillesse.aspa"
LETTING = Law("Article R815-25 du code de la sécurité sociale", "")
ASS = "chomage.allocations_assurance_chomage.ass"


def _keys(people: tuple[Person, ...], name: str) -> tuple[str, ...]:
    return tuple(person.key(name) for person in people)


def _resources(context: Context, *, have: float, limit: float, law: Law) -> Reason:
    return resources_under(
        limit,
        have=have,
        unit=EURO_MONTH,
        under=_("Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s."),
        over=_("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
        law=law,
        keys=context.income_keys(),
    )


def _too_small(context: Context, amount: float, path: str) -> Reason:
    """Refuse an amount under the least amount paid, which the parameter at `path` holds."""
    least = context.parameter(path)
    text = _("Le montant serait sous %(least)s : il n’est pas versé.") % {"least": euros(least)}
    return refusal(text, value=round(amount, 2), limit=least, unit=EURO_MONTH, law=context.law(path))


def rsa(context: Context) -> Explanation:
    children = int(context.read("rsa_nb_enfants"))
    floor = max(float(context.read("rsa_socle_majore")), compute_rsa_floor(context, children))
    have = float(context.read("rsa_base_ressources")) + float(context.read("rsa_forfait_logement"))
    reasons = [
        _rsa_age(context, children),
        _rsa_student(context),
        explain_residence(context, "rsa"),
        _rsa_resources(context, have, floor),
    ]
    least_paid = f"{RSA}.rsa_maj.montant_minimum_verse"
    if 0 <= floor - have < context.parameter(least_paid):
        reasons.append(_too_small(context, floor - have, least_paid))
    asked = any(_may_have_benefit(context, person) for person in context.household.parents)
    claim = _("Avez-vous droit au chômage ? Il remplacerait tout ou partie du RSA. Demandez à France Travail.")
    return Explanation(
        "rsa",
        reasons,
        changes=[claim] if asked else [],
        threshold=Threshold(_("Ressources du foyer, moyenne de trois mois"), have, floor, EURO_MONTH),
        figures=_rsa_figures(context, have, floor),
        yes=_("Vos ressources sont sous le minimum garanti pour votre foyer."),
        formula=difference(floor, have, context.amount("rsa")),
    )


def _may_have_benefit(context: Context, person: Person) -> bool:
    """Return whether somebody out of work may be owed an unemployment benefit that they do not receive: six months of
    wages in the last two years (article 3 of the unemployment insurance rules).
    """
    if person.status != "unemployed" or person.received(context.month, "unemployment"):
        return False
    paid = months.between(months.shift(context.month, -24), months.shift(context.month, -1))
    return sum(person.received(month, "salary") > 0 for month in paid) >= MONTHS_OF_WORK


def _rsa_age(context: Context, children: int) -> Reason:
    age = max(person.age(context.month) for person in context.household.parents)
    path = f"{RSA}.rsa_cond.age_pac"
    least = int(context.parameter(path))
    words = {"age": age, "least": least}
    expecting = not context.stock and any(person.pregnant for person in context.household.parents)
    workers = [person for person in context.household.parents if person.worked_two_years is not False]
    if age < least and not children and any(person.worked_two_years for person in workers):
        return _young_worker(context)
    return condition(
        age >= least or children > 0 or expecting or bool(context.read("rsa_majore_eligibilite")),
        yes=_("Vous avez %(age)s ans, un enfant à charge ou un enfant à naître.") % words,
        no=_("Vous avez %(age)s ans : il faut %(least)s ans, un enfant à charge, ou deux ans de travail.") % words,
        value=age,
        limit=least,
        unit=YEARS,
        law=AGE_OF_RSA,
        keys=(*_keys(context.household.people, "birth_date"), *_keys(tuple(workers), "worked_two_years")),
    )


def _young_worker(context: Context) -> Reason:
    """The RSA before 25 without a child: two years of work in the last three (L262-7-1 CASF)."""
    return Reason(
        text=_("Vous avez travaillé deux ans sur les trois derniers, à plein temps."),
        ok=True,
        law=context.law(f"{RSA}.rsa_cond.age_max_rsa_jeune"),
        keys=_keys(context.household.parents, "worked_two_years"),
    )


def _rsa_student(context: Context) -> Reason:
    parents = context.household.parents
    learners = [bool(context.read("etudiant", person=person)) for person in parents]
    yes = _("L’un de vous deux n’est pas étudiant.") if any(learners) else _("Vous n’êtes pas étudiant.")
    if all(learners):
        yes = _("Les études n’empêchent pas le RSA de qui élève seul un enfant ou en attend un.")
    return condition(
        not all(learners) or bool(context.read("rsa_majore_eligibilite")),
        yes=yes,
        no=_("Le RSA n’est pas versé aux étudiants."),
        keys=_keys(parents, "status"),
    )


def _rsa_resources(context: Context, have: float, floor: float) -> Reason:
    return resources_under(
        floor,
        have=have,
        unit=EURO_MONTH,
        under=_("Vos ressources du trimestre, %(have)s par mois, sont sous la limite de %(limit)s."),
        over=_("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
        law=context.law(f"{RSA}.rsa_m.montant_de_base_du_rsa"),
        keys=context.income_keys(),
    )


def _rsa_figures(context: Context, have: float, floor: float) -> list[Figure]:
    lines = context.incomes(*context.quarter())
    counted = _("Comptées comme des ressources, une fois toutes demandées")
    for label, variable in (
        (_("Prestations familiales"), "rsa_base_ressources_prestations_familiales"),
        (_("Autres minima sociaux"), "rsa_base_ressources_minima_sociaux"),
    ):
        if context.read(variable):
            lines.append(per_month(label, round(float(context.read(variable)), 2), rule=counted))
    flat = float(context.read("rsa_forfait_logement"))
    if flat:
        rule = _("Règle : vous avez une aide au logement ou vous ne payez pas de loyer")
        lines.append(per_month(_("Forfait logement"), round(flat, 2), key="housing", rule=rule))
    return [*lines, _counted(lines, have), _guaranteed(context, floor)]


def _counted(lines: Sequence[Figure], have: float) -> Figure:
    whole = abs(sum(line.value for line in lines) - have) < 1
    rule = _("Somme des lignes au-dessus") if whole else _("Moyenne du trimestre, selon les règles de la CAF")
    return per_month(_("Ressources comptées"), round(have, 2), rule=rule)


def _guaranteed(context: Context, floor: float) -> Figure:
    law = context.law(f"{RSA}.rsa_m.montant_de_base_du_rsa")
    return per_month(_("Montant garanti pour votre foyer"), round(floor, 2), rule=law.title)


def prime_activite(context: Context) -> Explanation:
    work, flat = (
        _quarter_mean(context, "ppa_revenu_activite"),
        _quarter_mean(context, "ppa_fictive_montant_forfaitaire"),
    )
    have = max(_quarter_mean(context, "ppa_base_ressources") + _quarter_mean(context, "ppa_forfait_logement"), flat)
    limit = (
        flat + _work_bonus(context) + context.parameter(f"{PPA}.pa_m.majoration_ressources_revenus_activite") * work
    )
    law = context.law(f"{PPA}.pa_m.montant_de_base")
    works = _work_reason(context, work, law)
    reasons = [
        _of_age(context),
        explain_residence(context, "prime_activite"),
        works,
        _ppa_resources(context, have, limit, law),
    ]
    least_paid = f"{PPA}.pa_m.montant_minimum_verse"
    if works.ok and 0 <= limit - have < context.parameter(least_paid) and context.amount("ppa") == 0:
        reasons.append(_too_small(context, limit - have, least_paid))
    return Explanation(
        "prime_activite",
        reasons,
        threshold=Threshold(_("Ressources du foyer, moyenne de trois mois"), have, limit, EURO_MONTH),
        figures=[*context.incomes(*context.quarter()), *_ppa_figures(context, have, limit)],
        yes=_("Vous travaillez et vos revenus sont sous la limite pour votre foyer."),
        formula=difference(limit, have, context.amount("ppa")),
    )


def _ppa_figures(context: Context, have: float, limit: float) -> list[Figure]:
    """Return the steps from the flat amount to the limit, the income guaranteed to who works."""
    work, flat = (
        _quarter_mean(context, "ppa_revenu_activite"),
        _quarter_mean(context, "ppa_fictive_montant_forfaitaire"),
    )
    share, bonus = context.parameter(f"{PPA}.pa_m.majoration_ressources_revenus_activite"), _work_bonus(context)
    mean = _("Moyenne de %(count)s mois") % {"count": len(_quarter_months(context))}
    law = context.law(f"{PPA}.pa_m.montant_de_base")
    kept = f"{count(round(share * 100, 2))}\u00a0% × {cents(work)}"
    total = " + ".join(cents(part) for part in (flat, share * work, bonus) if part)
    return [
        per_month(_("Montant forfaitaire du foyer"), round(flat, 2), rule=law.title),
        per_month(_("Part gardée de vos revenus de travail"), round(share * work, 2), rule=kept),
        *([per_month(_("Bonification pour le travail"), round(bonus, 2), rule=mean)] if bonus else []),
        per_month(_("Limite pour votre foyer"), round(limit, 2), rule=total),
        per_month(_("Ressources du foyer, avec le forfait logement"), round(have, 2), rule=mean),
    ]


def _quarter_months(context: Context) -> list[str]:
    return months.between(*context.quarter())


def _quarter_mean(context: Context, variable: str) -> float:
    span = _quarter_months(context)
    return float(sum(context.read(variable, month) for month in span) / len(span))


def _work_bonus(context: Context) -> float:
    span = _quarter_months(context)
    total = sum(context.read("ppa_bonification", month, person) for person in context.people for month in span)
    return float(total / len(span))


def _of_age(context: Context) -> Reason:
    path = f"{PPA}.pa_cond.age_min"
    age, least = max(person.age(context.month) for person in context.household.parents), int(context.parameter(path))
    return condition(
        age >= least,
        yes=_("Une personne du foyer a %(least)s ans ou plus.") % {"least": least},
        no=_("Il faut avoir %(least)s ans.") % {"least": least},
        value=age,
        limit=least,
        unit=YEARS,
        law=context.law(path),
        keys=_keys(context.household.parents, "birth_date"),
    )


def _work_reason(context: Context, work: float, law: Law) -> Reason:
    """Students and apprentices need a minimum wage each month; others need any work income in the quarter."""
    too_little = _("Étudiants et apprentis doivent gagner un minimum chaque mois du trimestre.")
    return condition(
        bool(context.read("ppa_eligibilite_apprenants")),
        yes=_("Vous avez travaillé pendant le trimestre de référence."),
        no=too_little if context.works() else _("Il faut un revenu de travail pendant le trimestre de référence."),
        value=round(work, 2),
        unit=EURO_MONTH,
        law=law,
        keys=context.income_keys(),
    )


def _ppa_resources(context: Context, have: float, limit: float, law: Law) -> Reason:
    if context.amount("ppa") and have > limit:
        text = _("Vos ressources étaient sous la limite pendant une partie du trimestre.")
        return Reason(text=text, ok=True, law=law, keys=context.income_keys())
    return resources_under(
        limit,
        have=have,
        unit=EURO_MONTH,
        under=_(
            "Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s qui tient compte de votre travail."
        ),
        over=_("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
        law=law,
        keys=context.income_keys(),
    )


def aspa(context: Context) -> Explanation:
    household = context.household
    path = f"{ASPA}.plafond_ressources.{'couples' if household.partner else 'personnes_seules'}"
    cap, have = context.parameter(path) / 12, float(context.read("asi_aspa_base_ressources"))
    eligible = any(bool(context.read("aspa_eligibilite", person=person)) for person in household.parents)
    limit = cap if not eligible or context.amount("aspa") else cap - 0.01
    return Explanation(
        "aspa",
        [
            _old_enough(context, eligible),
            explain_residence(context, "aspa"),
            _resources(context, have=have, limit=limit, law=context.law(path)),
            *_of_owned_homes(context),
        ],
        threshold=Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH),
        figures=context.recent_incomes(since=3, figure="gross"),
        yes=_("Vos ressources sont sous le minimum garanti aux personnes âgées."),
        changes=[_taken_back()],
    )


def _of_owned_homes(context: Context) -> list[Reason]:
    """R815-25 CSS: a home that is let counts for 3 % of its value a year, not for its rents. Nobody is asked."""
    owners = find_owners_who_let(context)
    if not owners:
        return []
    text = _(
        "Un bien que vous louez compte pour 3 % de sa valeur par an, et non pour ses loyers. "
        "Demandez à votre caisse de retraite."
    )
    return [needs_more(text, law=LETTING, keys=tuple(person.key("incomes.rents") for person in owners))]


def find_owners_who_let(context: Context) -> list[Person]:
    """Return who lets a home. Only an office can then say what the ASPA is."""
    return [one for one in context.household.parents if one.received(context.month, "rents") and not context.stock]


def _taken_back() -> str:
    """Say what an heir would learn too late. L815-13 and D815-4 CSS: 107,616.60 euros of estate in 2025."""
    return _(
        "Après votre décès, l’Aspa versée peut être reprise sur votre succession, si elle dépasse 100 000 € environ."
    )


def _old_enough(context: Context, eligible: bool) -> Reason:
    oldest = max(context.household.parents, key=lambda person: person.age(context.month))
    age, path = oldest.age(context.month), f"{ASPA}.age_min"
    least = int(context.parameter(path))
    words = {"age": age, "least": least}
    return condition(
        age >= least or eligible,
        yes=_("Vous avez %(age)s ans.") % words,
        no=_("Vous avez %(age)s ans : il faut %(least)s ans.") % words,
        value=age,
        limit=least,
        unit=YEARS,
        law=context.law(path),
        keys=(oldest.key("birth_date"),),
    )


def asi(context: Context, person: Person) -> Explanation:
    path = f"{HEALTH}.asi.plafond_ressource_{'couple' if context.household.partner else 'seul'}"
    cap, have = context.parameter(path) / 12, float(context.read("asi_aspa_base_ressources"))
    pension = person.received(context.month, "disability_pension")
    limit = cap if context.amount("asi", person) or not pension else cap - 0.01
    return Explanation(
        "asi",
        [
            _pension_reason(context, person, pension, context.law(path)),
            _under_aspa_age(context, person),
            explain_residence(context, "asi"),
            _resources(context, have=have, limit=limit, law=context.law(path)),
        ],
        threshold=Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH) if pension else None,
        figures=context.recent_incomes(since=3),
        yes=_("Votre pension d’invalidité est sous le minimum garanti."),
        person=person.id,
    )


def _pension_reason(context: Context, person: Person, pension: float, law: Law) -> Reason:
    retired_early = bool(person.disability_rate) and person.received(months.shift(context.month, -1), "pension") > 0
    return condition(
        bool(pension or retired_early),
        yes=_("Vous recevez une pension d’invalidité."),
        no=_("Il faut recevoir une pension d’invalidité."),
        value=pension,
        unit=EURO_MONTH,
        law=law,
        keys=(person.key("incomes.disability_pension"),),
    )


def _under_aspa_age(context: Context, person: Person) -> Reason:
    path = f"{ASPA}.age_min"
    return condition(
        not context.read("aspa_eligibilite", person=person),
        yes=_("Vous n’avez pas encore l’âge de l’ASPA."),
        no=_("À votre âge, c’est l’ASPA qui complète vos ressources."),
        value=person.age(context.month),
        limit=int(context.parameter(path)),
        unit=YEARS,
        law=context.law(path),
        keys=(person.key("birth_date"),),
    )


def ass(context: Context, person: Person) -> Explanation:
    daily = context.parameter(f"{ASS}.montant_plein")
    path = f"{ASS}.{'plaf_coup' if context.household.partner else 'plaf_seul'}"
    cap, have = daily * context.parameter(path), float(context.read("ass_base_ressources")) / 12
    limit = cap if context.amount("ass", person) else cap - daily
    oldest = int(context.parameter(f"{ASS}.age_max") // 12)
    reasons = [
        _job_seeker(context, person),
        _has_worked(person),
        age_between(context, person, text=_("Âge : %(age)s ans."), path=f"{ASS}.age_max", most=oldest),
        _resources(context, have=have, limit=limit, law=context.law(path)),
    ]
    disabled = context.amount("aah", person)
    if disabled > 0:
        reasons.append(refusal(_("L’AAH ne se cumule pas avec l’ASS."), value=disabled, limit=0, unit=EURO_MONTH))
    looking = person.status == "unemployed"
    return Explanation(
        "ass",
        reasons,
        threshold=Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH) if looking else None,
        figures=context.recent_incomes(since=12),
        yes=_("Vos droits au chômage sont finis et vos ressources sont sous la limite."),
        person=person.id,
    )


def _job_seeker(context: Context, person: Person) -> Reason:
    paid = person.received(context.month, "unemployment")
    return condition(
        person.status == "unemployed" and not paid,
        yes=_("Vous cherchez un emploi et vous ne recevez plus d’allocation chômage."),
        no=_("Il faut chercher un emploi et ne plus recevoir d’allocation chômage."),
        value=paid,
        limit=0,
        unit=EURO_MONTH,
        law=context.law(f"{ASS}.montant_plein"),
        keys=(person.key("status"), person.key("incomes.unemployment")),
    )


def _has_worked(person: Person) -> Reason:
    return condition(
        person.ass_open,
        yes=_("France Travail a vérifié que vous avez travaillé cinq ans sur les dix dernières années."),
        no=_("Il faut avoir travaillé cinq ans sur les dix dernières années."),
        unknown=_("Nous ne savons pas si vous avez travaillé cinq ans sur les dix dernières années."),
        keys=(person.key("ass_open"),),
    )
