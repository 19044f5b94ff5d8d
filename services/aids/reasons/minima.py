"""RSA, prime d'activité, AAH, ASPA, ASI, ASS: incomes completed up to a floor."""

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.household import Person
from services.aids.reasons.common import (
    COUNT,
    EURO_MONTH,
    EURO_YEAR,
    HEALTH,
    MINIMA,
    RATE,
    SOCIAL,
    YEARS,
    Context,
    Explanation,
    Figure,
    Reason,
    Threshold,
    age_reason,
    euros,
    resources_reason,
)

RSA = f"{MINIMA}.rsa"
PPA = f"{MINIMA}.ppa"
ASPA = f"{SOCIAL}.solidarite_insertion.minimum_vieillesse.aspa"
ASS = "chomage.allocations_assurance_chomage.ass"


def birth(*people: Person) -> tuple[str, ...]:
    return tuple(f"people[{person.id}].birth_date" for person in people)


def nationality_reason(context: Context, variable: str, path: str) -> Reason:
    parents = context.household.parents
    ok = any(bool(context.read(variable, person=person)) for person in parents)
    text = (
        _("Vous êtes français, européen, ou votre titre de séjour a l’ancienneté demandée.")
        if ok
        else _("Votre titre de séjour n’a pas l’ancienneté demandée, ou nous ne savons pas depuis quand vous l’avez.")
    )
    keys = tuple(f"people[{person.id}].nationality" for person in parents)
    return Reason(text, ok, law=context.law(path), figures=keys)


def rsa(context: Context) -> Explanation:
    household, month = context.household, context.month
    children = int(context.read("rsa_nb_enfants"))
    single = bool(context.read("rsa_majore_eligibilite"))
    oldest = max(household.parents, key=lambda person: person.age(month))
    age = oldest.age(month)
    least = int(context.parameter(f"{RSA}.rsa_cond.age_pac"))
    old_enough = age >= least or children > 0 or single
    learner = all(bool(context.read("etudiant", person=person)) for person in household.parents)
    floor = max(
        float(context.read("rsa_socle_majore")),
        _rsa_floor(context, len(household.parents) + children, len(household.parents) == 1),
    )
    have = float(context.read("rsa_base_ressources")) + float(context.read("rsa_forfait_logement"))
    reasons = [
        Reason(
            (
                _("Vous avez %(age)s ans ou un enfant à charge.")
                if old_enough
                else _("Vous avez %(age)s ans : il faut %(least)s ans, ou un enfant à charge.")
            )
            % {"age": age, "least": least},
            old_enough,
            age,
            least,
            YEARS,
            context.law(f"{RSA}.rsa_cond.age_pac"),
            birth(*household.people),
        ),
        Reason(
            _("Le RSA n’est pas versé aux étudiants.") if learner and not single else _("Vous n’êtes pas étudiant."),
            not learner or single,
            figures=tuple(f"people[{person.id}].status" for person in household.parents),
        ),
        nationality_reason(context, "rsa_condition_nationalite", f"{RSA}.rsa_cond.age_pac"),
        resources_reason(
            _("Vos ressources du trimestre, %(have)s par mois, sont sous la limite de %(limit)s."),
            _("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
            have,
            floor,
            EURO_MONTH,
            context.law(f"{RSA}.rsa_m.montant_de_base_du_rsa"),
            context.income_keys(),
        ),
    ]
    least_paid = context.parameter(f"{RSA}.rsa_maj.montant_minimum_verse")
    if 0 <= floor - have < least_paid:
        text = _("Le montant serait sous %(least)s : il n’est pas versé.") % {"least": euros(least_paid)}
        reasons.append(
            Reason(
                text,
                False,
                round(floor - have, 2),
                least_paid,
                EURO_MONTH,
                context.law(f"{RSA}.rsa_maj.montant_minimum_verse"),
            )
        )
    return Explanation(
        "rsa",
        reasons,
        Threshold(_("Ressources du foyer, moyenne de trois mois"), have, floor, EURO_MONTH),
        _rsa_figures(context),
        yes=_("Vos ressources sont sous le minimum garanti pour votre foyer."),
    )


def _rsa_floor(context: Context, people: int, single: bool) -> float:
    """The flat amount for a household of that size, also for one that has no right to it (the engine then says 0)."""
    rates = f"{RSA}.rsa_maj.maj_montant_max"
    second, third = (
        context.parameter(f"{rates}.couples_celibataire_avec_enfant"),
        context.parameter(f"{rates}.couple_1_enfant_ou_2e_enfant"),
    )
    more = context.parameter(f"{rates}.par_enfant_supplementaire")
    rate = (
        1
        + second * (people >= 2)
        + third * (people >= 3)
        + (more if single else third) * (people >= 4)
        + more * max(people - 4, 0)
    )
    return float(context.parameter(f"{RSA}.rsa_m.montant_de_base_du_rsa") * rate)


def _rsa_figures(context: Context) -> list[Figure]:
    first, last = context.quarter()
    lines = context.incomes(first, last)
    counted = _("Comptées comme des ressources, une fois toutes demandées")
    for label, variable in (
        (_("Prestations familiales"), "rsa_base_ressources_prestations_familiales"),
        (_("Autres minima sociaux"), "rsa_base_ressources_minima_sociaux"),
    ):
        if context.read(variable):
            lines.append(Figure(label, round(float(context.read(variable)), 2), EURO_MONTH, "", counted))
    flat = float(context.read("rsa_forfait_logement"))
    if flat:
        lines.append(
            Figure(
                _("Forfait logement"),
                round(flat, 2),
                EURO_MONTH,
                "housing",
                _("Règle : vous avez une aide au logement ou vous ne payez pas de loyer"),
            )
        )
    return lines


def prime_activite(context: Context) -> Explanation:
    first, last = context.quarter()
    span = months.between(first, last)
    works, learner = context.works(), bool(context.read("ppa_eligibilite_apprenants"))

    def mean(variable: str) -> float:
        return float(sum(context.read(variable, month) for month in span) / len(span))

    work, flat, base, housing = (
        mean(name)
        for name in (
            "ppa_revenu_activite",
            "ppa_fictive_montant_forfaitaire",
            "ppa_base_ressources",
            "ppa_forfait_logement",
        )
    )
    bonus = sum(context.read("ppa_bonification", month, person) for person in context.people for month in span) / len(
        span
    )
    limit = flat + float(bonus) + context.parameter(f"{PPA}.pa_m.majoration_ressources_revenus_activite") * work
    have = max(base + housing, flat)
    least = context.parameter(f"{PPA}.pa_m.montant_minimum_verse")
    law = context.law(f"{PPA}.pa_m.montant_de_base")
    reasons = [
        Reason(
            _("Une personne du foyer a 18 ans ou plus et peut séjourner en France.")
            if context.read("ppa_eligibilite")
            else _("Il faut avoir 18 ans et remplir la condition de séjour."),
            bool(context.read("ppa_eligibilite")),
            law=context.law(f"{PPA}.pa_cond.age_min"),
            figures=birth(*context.household.parents),
        ),
        Reason(
            _work_text(context, works, learner), learner, round(work, 2), None, EURO_MONTH, law, context.income_keys()
        ),
        resources_reason(
            _(
                "Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s qui tient compte de votre travail."
            ),
            _("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
            have,
            limit,
            EURO_MONTH,
            law,
            context.income_keys(),
        ),
    ]
    if learner and 0 <= limit - have < least and context.amount("ppa") == 0:
        text = _("Le montant serait sous %(least)s : il n’est pas versé.") % {"least": euros(least)}
        reasons.append(
            Reason(
                text,
                False,
                round(limit - have, 2),
                least,
                EURO_MONTH,
                context.law(f"{PPA}.pa_m.montant_minimum_verse"),
            )
        )
    figures = [
        *context.incomes(first, last),
        Figure(
            _("Ressources du foyer, avec le forfait logement"),
            round(have, 2),
            EURO_MONTH,
            "",
            _("Moyenne de %(count)s mois") % {"count": len(span)},
        ),
        Figure(_("Montant forfaitaire du foyer"), round(flat, 2), EURO_MONTH, "", law.title),
    ]
    return Explanation(
        "prime_activite",
        reasons,
        Threshold(_("Ressources du foyer, moyenne de trois mois"), have, limit, EURO_MONTH),
        figures,
        yes=_("Vous travaillez et vos revenus sont sous la limite pour votre foyer."),
    )


def _work_text(context: Context, works: bool, enough: bool) -> str:
    if enough:
        return _("Vous avez travaillé pendant le trimestre de référence.")
    if works:
        return _("Étudiants et apprentis doivent gagner un minimum chaque mois du trimestre.")
    return _("Il faut un revenu de travail pendant le trimestre de référence.")


def aah(context: Context, person: Person) -> Explanation:
    month, rate = context.month, person.disability_rate
    high, low = (
        context.parameter(f"{HEALTH}.aah.taux_capacite.taux_incapacite"),
        context.parameter(f"{HEALTH}.aah.taux_capacite.taux_incapacite_rsdae"),
    )
    recognised = (
        None
        if rate is None
        else rate >= high
        or (
            rate >= low
            and bool(person.rsdae)
            and person.age(month) <= context.parameter(f"{HEALTH}.aah.age_legal_retraite")
        )
    )
    least = int(context.parameter(f"{HEALTH}.aah.age_minimal"))
    eligible = bool(context.read("aah_eligible", person=person))
    cap = float(context.read("aah_plafond_ressources_deconjugalise", person=person))
    have = float(context.read("aah_base_ressources_deconjugalisee", person=person))
    reasons = [
        Reason(
            {
                True: _("La MDPH a reconnu un taux d’incapacité suffisant."),
                False: _(
                    "Il faut un taux d’incapacité de 80 %, ou de 50 % avec une restriction pour l’emploi, reconnu par la MDPH."
                ),
                None: _("Nous ne savons pas si la MDPH a reconnu un handicap."),
            }[recognised],
            recognised,
            None if rate is None else rate * 100,
            high * 100,
            RATE,
            context.law(f"{HEALTH}.aah.taux_capacite.taux_incapacite"),
            (f"people[{person.id}].disability_rate",),
        ),
        age_reason(
            context,
            person,
            least if not (recognised and eligible) else 0,
            None,
            f"{HEALTH}.aah.age_minimal",
            _("Âge : %(age)s ans. L’allocation s’adresse aux adultes."),
        ),
    ]
    if recognised:
        reasons.append(
            resources_reason(
                _("Les ressources retenues, %(have)s par mois, sont sous la limite de %(limit)s."),
                _("Les ressources retenues sont %(gap)s au-dessus de la limite, par mois."),
                have,
                cap,
                EURO_MONTH,
                context.law(f"{HEALTH}.aah.montant"),
                context.income_keys(),
            )
        )
        other = float(context.read("aah_base_non_cumulable", person=person))
        if other and not context.amount("aah", person):
            reasons.append(
                resources_reason(
                    _("La pension d’invalidité, %(have)s, est sous l’allocation : elle est complétée."),
                    _("La pension d’invalidité dépasse l’allocation : l’AAH ne s’y ajoute pas."),
                    other,
                    context.parameter(f"{HEALTH}.aah.montant") - 0.01,
                    EURO_MONTH,
                    context.law(f"{HEALTH}.aah.montant"),
                    (f"people[{person.id}].incomes.disability_pension",),
                )
            )
    threshold = Threshold(_("Ressources retenues pour la personne"), have, cap, EURO_MONTH) if recognised else None
    return Explanation(
        "aah",
        reasons,
        threshold,
        context.incomes(months.shift(month, -3), months.shift(month, -1)),
        yes=_("La MDPH a reconnu le handicap et les ressources sont sous la limite."),
        person=person.id,
    )


def aspa(context: Context) -> Explanation:
    household = context.household
    oldest = max(household.parents, key=lambda person: person.age(context.month))
    least = int(context.parameter(f"{ASPA}.age_min"))
    couple = household.partner is not None
    path = f"{ASPA}.plafond_ressources.{'couples' if couple else 'personnes_seules'}"
    cap, have = context.parameter(path) / 12, float(context.read("asi_aspa_base_ressources"))
    eligible = any(bool(context.read("aspa_eligibilite", person=person)) for person in household.parents)
    reasons = [
        Reason(
            (
                _("Vous avez %(age)s ans.")
                if oldest.age(context.month) >= least or eligible
                else _("Vous avez %(age)s ans : il faut %(least)s ans.")
            )
            % {"age": oldest.age(context.month), "least": least},
            oldest.age(context.month) >= least or eligible,
            oldest.age(context.month),
            least,
            YEARS,
            context.law(f"{ASPA}.age_min"),
            birth(oldest),
        ),
        nationality_reason(context, "asi_aspa_condition_nationalite", f"{ASPA}.age_min"),
        resources_reason(
            _("Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s."),
            _("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
            have,
            cap if eligible is False or context.amount("aspa") else cap - 0.01,
            EURO_MONTH,
            context.law(path),
            context.income_keys(),
        ),
    ]
    figures = context.incomes(months.shift(context.month, -3), months.shift(context.month, -1), figure="gross")
    return Explanation(
        "aspa",
        reasons,
        Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH),
        figures,
        yes=_("Vos ressources sont sous le minimum garanti aux personnes âgées."),
    )


def asi(context: Context, person: Person) -> Explanation:
    pension = person.received(context.month, "disability_pension")
    couple = context.household.partner is not None
    path = f"{HEALTH}.asi.plafond_ressource_{'couple' if couple else 'seul'}"
    cap, have = context.parameter(path) / 12, float(context.read("asi_aspa_base_ressources"))
    old = bool(context.read("aspa_eligibilite", person=person))
    retired_early = bool(person.disability_rate) and person.received(months.shift(context.month, -1), "pension") > 0
    reasons = [
        Reason(
            _("Vous recevez une pension d’invalidité.")
            if pension or retired_early
            else _("Il faut recevoir une pension d’invalidité."),
            bool(pension or retired_early),
            pension,
            None,
            EURO_MONTH,
            context.law(path),
            (f"people[{person.id}].incomes.disability_pension",),
        ),
        Reason(
            _("À votre âge, c’est l’ASPA qui complète vos ressources.")
            if old
            else _("Vous n’avez pas encore l’âge de l’ASPA."),
            not old,
            person.age(context.month),
            int(context.parameter(f"{ASPA}.age_min")),
            YEARS,
            context.law(f"{ASPA}.age_min"),
            birth(person),
        ),
        nationality_reason(context, "asi_aspa_condition_nationalite", f"{ASPA}.age_min"),
        resources_reason(
            _("Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s."),
            _("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
            have,
            cap if context.amount("asi", person) or not pension else cap - 0.01,
            EURO_MONTH,
            context.law(path),
            context.income_keys(),
        ),
    ]
    threshold = Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH) if pension else None
    return Explanation(
        "asi",
        reasons,
        threshold,
        context.incomes(months.shift(context.month, -3), months.shift(context.month, -1)),
        yes=_("Votre pension d’invalidité est sous le minimum garanti."),
        person=person.id,
    )


def ass(context: Context, person: Person) -> Explanation:
    paid = person.received(context.month, "unemployment")
    looking = person.status == "unemployed"
    daily = context.parameter(f"{ASS}.montant_plein")
    couple = context.household.partner is not None
    path = f"{ASS}.{'plaf_coup' if couple else 'plaf_seul'}"
    cap, have = daily * context.parameter(path), float(context.read("ass_base_ressources")) / 12
    oldest = int(context.parameter(f"{ASS}.age_max") // 12)
    disabled = context.amount("aah", person) > 0
    reasons = [
        Reason(
            _("Vous cherchez un emploi et vous ne recevez plus d’allocation chômage.")
            if looking and not paid
            else _("Il faut chercher un emploi et ne plus recevoir d’allocation chômage."),
            looking and not paid,
            paid,
            0,
            EURO_MONTH,
            context.law(f"{ASS}.montant_plein"),
            (f"people[{person.id}].status", f"people[{person.id}].incomes.unemployment"),
        ),
        Reason(
            {
                True: _("France Travail a vérifié que vous avez travaillé cinq ans sur les dix dernières années."),
                False: _("Il faut avoir travaillé cinq ans sur les dix dernières années."),
                None: _("Nous ne savons pas si vous avez travaillé cinq ans sur les dix dernières années."),
            }[person.ass_open],
            person.ass_open,
            figures=(f"people[{person.id}].ass_open",),
        ),
        age_reason(context, person, 0, oldest, f"{ASS}.age_max", _("Âge : %(age)s ans.")),
        resources_reason(
            _("Vos ressources, %(have)s par mois, sont sous la limite de %(limit)s."),
            _("Vos ressources sont %(gap)s au-dessus de la limite, par mois."),
            have,
            cap if context.amount("ass", person) else cap - daily,
            EURO_MONTH,
            context.law(path),
            context.income_keys(),
        ),
    ]
    if disabled:
        reasons.append(
            Reason(_("L’AAH ne se cumule pas avec l’ASS."), False, context.amount("aah", person), 0, EURO_MONTH)
        )
    threshold = Threshold(_("Ressources du foyer, par mois"), have, cap, EURO_MONTH) if looking else None
    return Explanation(
        "ass",
        reasons,
        threshold,
        context.incomes(months.shift(context.month, -12), months.shift(context.month, -1)),
        yes=_("Vos droits au chômage sont finis et vos ressources sont sous la limite."),
        person=person.id,
    )


__all__ = ["COUNT", "EURO_YEAR", "aah", "asi", "aspa", "ass", "birth", "nationality_reason", "prime_activite", "rsa"]
