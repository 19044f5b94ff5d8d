"""School, studies and youth: grants, CEJ, pass culture, Pass'Sport, one-euro meal."""

from django.utils.translation import gettext as _

from services.aids.household import Person, months
from services.aids.reasons.common import (
    COUNT,
    EURO_MONTH,
    EURO_YEAR,
    SCHOOL,
    YEARS,
    Context,
    Explanation,
    Law,
    Reason,
    Threshold,
    euros,
    notice_figure,
    notice_key,
)
from services.aids.reasons.conditions import age_between, condition, needs_more, refusal, resources_under

GRANTS = f"{SCHOOL}.bourses.bourses_education"
HIGHER = f"{SCHOOL}.bourses.enseignement_superieur.criteres_sociaux"
CEJ = f"{SCHOOL}.contrat_engagement_jeune"
SPORT = f"{SCHOOL}.pass_sport"
CULTURE = f"{SCHOOL}.pass_culture"
SCHOOL_BEGINS = 9
#: The first month in which every student pays one euro for a meal.
MEALS_FOR_ALL = "2026-05"
#: Years until which a student is on the parents’ notice.
ON_A_NOTICE = 25
SMIC = "marche_travail.salaire_minimum.smic.smic_b_horaire"


def bourse_college(context: Context) -> Explanation:
    return _pupil_grant(
        context,
        "bourse_college",
        school="college",
        yes=_("Vous avez un enfant au collège."),
        no=_("Il faut un enfant au collège."),
    )


def bourse_lycee(context: Context) -> Explanation:
    return _pupil_grant(
        context,
        "bourse_lycee",
        school="lycee",
        yes=_("Vous avez un enfant au lycée."),
        no=_("Il faut un enfant au lycée."),
    )


def _pupil_grant(context: Context, code: str, *, school: str, yes: str, no: str) -> Explanation:
    children = context.household.children
    pupils = sum(child.school == school for child in children)
    counted = sum(context.stock or _is_on_the_notice(context, child) for child in context.children)
    path = f"{GRANTS}.{code}.apres_2016.echelon_1.plafond_{min(max(counted, 1), 8)}e"
    keys = ("household.people", *(child.key("school") for child in children))
    has_pupil = condition(
        bool(pupils), yes=yes, no=no, value=pupils, limit=1, unit=COUNT, law=context.law(path), keys=keys
    )
    year = _notice_year(context)
    explanation = Explanation(
        code,
        [has_pupil],
        figures=notice_figure(context, year),
        yes=_("Votre revenu fiscal est sous la limite pour vos enfants."),
    )
    if pupils:
        # ceilings are multiples of the hourly minimum wage of July of that year
        cap = round(context.parameter(path) * context.parameter(SMIC, f"{year}-07"))
        have = float(context.read("rfr", str(year)))
        explanation.reasons.append(_notice_income(context, have, cap, context.law(path), year))
        explanation.threshold = Threshold(_("Revenu fiscal de référence"), have, cap, EURO_YEAR)
    return explanation


def _is_on_the_notice(context: Context, child: Person) -> bool:
    """Return whether a child is on the parents' tax notice: a minor in January, or a student under 25."""
    minor = bool(context.read("enfant_a_charge", context.month[:4], child))
    return minor or (child.status == "student" and child.age(context.month) < ON_A_NOTICE)


def _notice_year(context: Context) -> int:
    """Return the year whose incomes a pupil's grant reads: from September on the last, if its notice is known."""
    household, last = context.household, int(context.month[:4]) - 1
    is_known = any(notice.income_year == last for notice in household.tax_notices or ())
    begun = not context.stock and int(context.month[5:]) >= SCHOOL_BEGINS
    return last if begun and is_known else household.reference_year


def _notice_income(context: Context, have: float, cap: float, law: Law, year: int) -> Reason:
    return resources_under(
        cap,
        have=have,
        unit=EURO_YEAR,
        under=_("Votre revenu fiscal de référence, %(have)s, est sous la limite de %(limit)s."),
        over=_("Votre revenu fiscal de référence est %(gap)s au-dessus de la limite."),
        law=law,
        keys=notice_key(context, year),
    )


def bourse_crous(context: Context, person: Person) -> Explanation:
    student = _higher_studies(context, person)
    explanation = Explanation(
        "bourse_crous", [student], yes=_("Les revenus de vos parents sont sous la limite."), person=person.id
    )
    if not student.ok:
        return explanation
    path = f"{HIGHER}.age_maximum"
    if not person.disability_rate:
        oldest = int(context.parameter(path)) + len(context.household.children)
        explanation.reasons.append(age_between(context, person, text=_("Âge : %(age)s ans."), path=path, most=oldest))
    explanation.reasons.append(_school_status(person))
    if person.study_year and person.study_year.startswith("doctorat"):
        explanation.reasons.append(
            refusal(_("Le doctorat ne donne pas droit à cette bourse."), keys=(person.key("study_year"),))
        )
    explanation.reasons.append(_european(context, person))
    _add_crous_resources(context, person, explanation)
    return explanation


def _higher_studies(context: Context, person: Person) -> Reason:
    return condition(
        person.school == "enseignement_superieur" and person.status != "apprentice",
        yes=_("Vous faites des études supérieures."),
        no=_("Il faut faire des études supérieures, hors alternance."),
        law=context.law(f"{HIGHER}.age_maximum"),
        keys=(person.key("school"), person.key("status")),
    )


def _school_status(person: Person) -> Reason:
    accepted = person.school_status in {"public", "prive_sous_contrat"}
    return condition(
        None if person.school_status is None else accepted,
        yes=_("Votre établissement donne droit aux bourses."),
        no=_("Il faut un établissement public ou privé sous contrat."),
        unknown=_("Nous ne savons pas si votre établissement donne droit aux bourses."),
        keys=(person.key("school_status"),),
    )


def _european(context: Context, person: Person) -> Reason:
    return condition(
        bool(context.read("bourse_criteres_sociaux_eligibilite_nationalite", person=person)),
        yes=_("Vous êtes français ou européen, ou votre situation est assimilée."),
        no=_("Il faut être français ou européen, ou avoir une situation assimilée."),
        keys=(person.key("nationality"),),
    )


def _add_crous_resources(context: Context, person: Person, explanation: Explanation) -> None:
    alone = bool(context.read("bourse_criteres_sociaux_etudiant_autonome", person=person))
    key = person.key("crous_parent_resources")
    if person.crous_parent_resources is None and not alone:
        explanation.reasons.append(needs_more(_("Nous ne connaissons pas les revenus de vos parents."), keys=(key,)))
        return
    have = float(context.read("bourse_criteres_sociaux_base_ressources", person=person))
    points = context.read("bourse_criteres_sociaux_points_de_charge", person=person)
    cap = context.scale(f"{HIGHER}.plafond_ressources.echelon_0bis", float(points))
    explanation.reasons.append(
        resources_under(
            cap,
            have=have,
            unit=EURO_YEAR,
            under=_("Les revenus retenus, %(have)s par an, sont sous la limite de %(limit)s."),
            over=_("Les revenus retenus sont %(gap)s au-dessus de la limite, par an."),
            law=context.law(f"{HIGHER}.age_maximum"),
            keys=(key, *notice_key(context)),
        )
    )
    explanation.threshold = Threshold(
        _("Revenus des parents, ou les vôtres si vous êtes indépendant"), have, cap, EURO_YEAR
    )


def cej(context: Context, person: Person) -> Explanation:
    first, last = months.shift(context.month, -3), months.shift(context.month, -1)
    law = context.law(f"{CEJ}.critere_age.maximum")
    reasons = [
        _cej_age(context, person),
        condition(
            not context.read("etudiant", person=person),
            yes=_("Vous n’êtes pas en études."),
            no=_("Le contrat s’adresse à ceux qui n’étudient pas."),
            law=law,
            keys=(person.key("status"),),
        ),
        _no_minima(context.total("rsa", first, last) + context.total("ppa", first, last), law),
        _low_tax(context, person),
    ]
    if all(reason.ok for reason in reasons) and not context.amount("contrat_engagement_jeune", person):
        text = _("Vos revenus récents dépassent l’allocation.")
        mean = _mean_income(person, months.between(first, last))
        reasons.append(refusal(text, value=mean, unit=EURO_MONTH, law=law, keys=context.income_keys()))
    yes = _("Vous avez de 16 à 25 ans, sans emploi durable ni formation : la mission locale peut vous le proposer.")
    return Explanation("cej", reasons, figures=context.incomes(first, last), yes=yes, person=person.id)


def _cej_age(context: Context, person: Person) -> Reason:
    path = f"{CEJ}.critere_age.maximum"
    return age_between(
        context,
        person,
        text=_("Âge : %(age)s ans. Le contrat va de 16 à 25 ans."),
        path=path,
        least=int(context.parameter(f"{CEJ}.critere_age.minimum")),
        most=int(context.parameter(f"{path}_handicap" if person.disability_rate else path)),
    )


def _no_minima(received: float, law: Law) -> Reason:
    return condition(
        received <= 0,
        yes=_("Vous ne recevez ni RSA ni prime d’activité."),
        no=_("Le RSA et la prime d’activité ne se cumulent pas avec cette allocation."),
        value=round(received, 2),
        limit=0,
        unit=EURO_MONTH,
        law=law,
        keys=("benefits_received",),
    )


def _low_tax(context: Context, person: Person) -> Reason:
    band = float(context.foyer("ir_tranche", str(context.household.reference_year), person))
    return condition(
        band <= 1,
        yes=_("Votre foyer fiscal est peu ou pas imposable."),
        no=_("Votre foyer fiscal est trop imposable."),
        value=band,
        limit=1,
        unit=COUNT,
        law=context.law(f"{CEJ}.montants.montant_majeurs_non_imposables"),
        keys=notice_key(context),
    )


def _mean_income(person: Person, span: list[str]) -> float:
    types = ("salary", "apprentice_pay", "unemployment", "sick_pay")
    return round(sum(person.received(month, *types) for month in span) / len(span), 2)


def pass_culture(context: Context, person: Person) -> Explanation:
    age = person.age(months.shift(context.month, 1))
    path = f"{CULTURE}.age_maximum"
    right_age = Reason(
        text=_("Âge : %(age)s ans. Le pass s’ouvre à 17 et 18 ans.") % {"age": age},
        ok=context.amount("pass_culture", person) > 0,
        value=age,
        limit=int(context.parameter(path)),
        unit=YEARS,
        law=context.law(path),
        keys=(person.key("birth_date"),),
    )
    return Explanation(
        "pass_culture", [right_age], yes=_("Le pass s’ouvre à votre âge, dans son application."), person=person.id
    )


def pass_sport(context: Context, person: Person) -> Explanation:
    amount = context.amount("pass_sport", person)
    reasons = [_sport_age(context, person, due=amount > 0), _sport_right(context, due=amount > 0)]
    yes = _("Le code de %(amount)s arrive par message, à donner au club.") % {"amount": euros(amount)}
    return Explanation("pass_sport", reasons, yes=yes, person=person.id)


def _sport_age(context: Context, person: Person, *, due: bool) -> Reason:
    age, path = person.age(context.month), f"{SPORT}.critere_age"
    least, most = (
        context.parameter(f"{path}.age_minimum_profil_ars"),
        context.parameter(f"{path}.age_maximum_profil_ars"),
    )
    return Reason(
        text=_("Âge : %(age)s ans. Le Pass’Sport va de 14 à 17 ans, et plus loin avec l’AEEH, l’AAH ou une bourse.")
        % {"age": age},
        ok=due or least <= age <= most or bool(context.read("boursier", person=person)),
        value=age,
        limit=int(most),
        unit=YEARS,
        law=context.law(f"{path}.age_minimum_profil_ars"),
        keys=(person.key("birth_date"),),
    )


def _sport_right(context: Context, *, due: bool) -> Reason:
    allowance = context.amount("ars")
    return condition(
        due,
        yes=_("Votre foyer a droit à l’ARS, à l’AEEH ou à l’AAH, ou une bourse d’études est versée."),
        no=_("Il faut l’ARS de 14 à 17 ans, l’AEEH, l’AAH jusqu’à 30 ans, ou une bourse d’études."),
        value=allowance,
        limit=0 if allowance > 0 else None,
        unit=EURO_YEAR,
        law=context.law(f"{SPORT}.montant"),
        keys=("benefits_received", *notice_key(context)),
    )


def repas_un_euro(context: Context, person: Person) -> Explanation:
    keys = tuple(person.key(name) for name in ("status", "school", "boursier"))
    studies = condition(
        person.school == "enseignement_superieur",
        yes=_("Vous faites des études supérieures."),
        no=_("Il faut faire des études supérieures."),
        keys=keys,
    )
    if not context.stock and context.month >= MEALS_FOR_ALL:
        yes = _("Le repas du Crous coûte 1 € pour tous les étudiants.")
        return Explanation("repas_un_euro", [studies], yes=yes, person=person.id)
    reasons = [
        studies,
        condition(
            bool(context.read("boursier", person=person)),
            yes=_("Vous avez droit à une bourse."),
            no=_("Il faut être boursier, ou le devenir."),
            keys=keys,
        ),
    ]
    return Explanation(
        "repas_un_euro", reasons, yes=_("Vous êtes boursier : le repas du Crous coûte 1 €."), person=person.id
    )
