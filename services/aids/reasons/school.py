"""School, studies and youth: grants, CEJ, pass culture, Pass'Sport, one-euro meal."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.household import Person
from services.aids.reasons.common import (
    COUNT,
    EURO_MONTH,
    EURO_YEAR,
    SCHOOL,
    YEARS,
    Context,
    Explanation,
    Reason,
    Threshold,
    age_reason,
    euros,
    notice_figure,
    notice_key,
    resources_reason,
)

GRANTS = f"{SCHOOL}.bourses.bourses_education"
HIGHER = f"{SCHOOL}.bourses.enseignement_superieur.criteres_sociaux"
CEJ = f"{SCHOOL}.contrat_engagement_jeune"
SPORT = f"{SCHOOL}.pass_sport"
CULTURE = f"{SCHOOL}.pass_culture"
SMIC = "marche_travail.salaire_minimum.smic.smic_b_horaire"


def bourse_college(context: Context) -> Explanation:
    return _pupil_grant(
        context, "bourse_college", "college", _("Il faut un enfant au collège."), _("Vous avez un enfant au collège.")
    )


def bourse_lycee(context: Context) -> Explanation:
    return _pupil_grant(
        context, "bourse_lycee", "lycee", _("Il faut un enfant au lycée."), _("Vous avez un enfant au lycée.")
    )


def _pupil_grant(context: Context, code: str, school: str, no: str, yes: str) -> Explanation:
    pupils = [child for child in context.household.children if child.school == school]
    born = len(context.children)
    path = f"{GRANTS}.{code}.apres_2016.echelon_1.plafond_{min(max(born, 1), 8)}e"
    keys = ("household.people", *(f"people[{child.id}].school" for child in context.household.children))
    reasons = [Reason(yes if pupils else no, bool(pupils), len(pupils), 1, COUNT, context.law(path), keys)]
    explanation = Explanation(
        code,
        reasons,
        figures=notice_figure(context),
        yes=_("Votre revenu fiscal est sous la limite pour vos enfants."),
    )
    if pupils:
        year = context.household.reference_year
        # ceilings are multiples of the hourly minimum wage of July, two years before
        cap = round(context.parameter(path) * context.parameter(SMIC, f"{year}-07"))
        have = float(context.read("rfr", str(year)))
        reasons.append(
            resources_reason(
                _("Votre revenu fiscal de référence, %(have)s, est sous la limite de %(limit)s."),
                _("Votre revenu fiscal de référence est %(gap)s au-dessus de la limite."),
                have,
                cap,
                EURO_YEAR,
                context.law(path),
                notice_key(context),
            )
        )
        explanation.threshold = Threshold(_("Revenu fiscal de référence"), have, cap, EURO_YEAR)
    return explanation


def bourse_crous(context: Context, person: Person) -> Explanation:
    student = person.school == "enseignement_superieur" and person.status != "apprentice"
    keys = (f"people[{person.id}].school", f"people[{person.id}].status")
    law = context.law(f"{HIGHER}.age_maximum")
    reasons = [
        Reason(
            _("Vous faites des études supérieures.")
            if student
            else _("Il faut faire des études supérieures, hors alternance."),
            student,
            law=law,
            figures=keys,
        )
    ]
    explanation = Explanation(
        "bourse_crous", reasons, yes=_("Les revenus de vos parents sont sous la limite."), person=person.id
    )
    if not student:
        return explanation
    if not person.disability_rate:
        oldest = int(context.parameter(f"{HIGHER}.age_maximum")) + len(context.household.children)
        reasons.append(age_reason(context, person, 0, oldest, f"{HIGHER}.age_maximum", _("Âge : %(age)s ans.")))
    known = person.school_status is not None
    public = person.school_status in {"public", "prive_sous_contrat"}
    text = (
        _("Votre établissement donne droit aux bourses.")
        if public
        else _("Il faut un établissement public ou privé sous contrat.")
        if known
        else _("Nous ne savons pas si votre établissement donne droit aux bourses.")
    )
    reasons.append(Reason(text, public if known else None, figures=(f"people[{person.id}].school_status",)))
    if person.study_year and person.study_year.startswith("doctorat"):
        reasons.append(
            Reason(
                _("Le doctorat ne donne pas droit à cette bourse."),
                False,
                figures=(f"people[{person.id}].study_year",),
            )
        )
    allowed = bool(context.read("bourse_criteres_sociaux_eligibilite_nationalite", person=person))
    reasons.append(
        Reason(
            _("Vous êtes français ou européen, ou votre situation est assimilée.")
            if allowed
            else _("Il faut être français ou européen, ou avoir une situation assimilée."),
            allowed,
            figures=(f"people[{person.id}].nationality",),
        )
    )
    _crous_resources(context, person, explanation)
    return explanation


def _crous_resources(context: Context, person: Person, explanation: Explanation) -> None:
    alone = bool(context.read("bourse_criteres_sociaux_etudiant_autonome", person=person))
    if person.crous_parent_resources is None and not alone:
        explanation.reasons.append(
            Reason(
                _("Nous ne connaissons pas les revenus de vos parents."),
                None,
                figures=(f"people[{person.id}].crous_parent_resources",),
            )
        )
        return
    have = float(context.read("bourse_criteres_sociaux_base_ressources", person=person))
    points = context.read("bourse_criteres_sociaux_points_de_charge", person=person)
    cap = context.scale(f"{HIGHER}.plafond_ressources.echelon_0bis", float(points))
    explanation.reasons.append(
        resources_reason(
            _("Les revenus retenus, %(have)s par an, sont sous la limite de %(limit)s."),
            _("Les revenus retenus sont %(gap)s au-dessus de la limite, par an."),
            have,
            cap,
            EURO_YEAR,
            context.law(f"{HIGHER}.age_maximum"),
            (f"people[{person.id}].crous_parent_resources", *notice_key(context)),
        )
    )
    explanation.threshold = Threshold(
        _("Revenus des parents, ou les vôtres si vous êtes indépendant"), have, cap, EURO_YEAR
    )


def cej(context: Context, person: Person) -> Explanation:
    oldest = int(
        context.parameter(
            f"{CEJ}.critere_age.maximum_handicap" if person.disability_rate else f"{CEJ}.critere_age.maximum"
        )
    )
    studies = bool(context.read("etudiant", person=person))
    income_tax = float(context.foyer("ir_tranche", str(context.household.reference_year), person))
    first, last = months.shift(context.month, -3), months.shift(context.month, -1)
    minima = context.total("rsa", first, last) + context.total("ppa", first, last)
    law = context.law(f"{CEJ}.critere_age.maximum")
    reasons = [
        age_reason(
            context,
            person,
            int(context.parameter(f"{CEJ}.critere_age.minimum")),
            oldest,
            f"{CEJ}.critere_age.maximum",
            _("Âge : %(age)s ans. Le contrat va de 16 à 25 ans."),
        ),
        Reason(
            _("Vous n’êtes pas en études.") if not studies else _("Le contrat s’adresse à ceux qui n’étudient pas."),
            not studies,
            law=law,
            figures=(f"people[{person.id}].status",),
        ),
        Reason(
            _("Vous ne recevez ni RSA ni prime d’activité.")
            if minima <= 0
            else _("Le RSA et la prime d’activité ne se cumulent pas avec cette allocation."),
            minima <= 0,
            round(minima, 2),
            0,
            EURO_MONTH,
            law,
            ("benefits_received",),
        ),
        Reason(
            _("Votre foyer fiscal est peu ou pas imposable.")
            if income_tax <= 1
            else _("Votre foyer fiscal est trop imposable."),
            income_tax <= 1,
            income_tax,
            1,
            COUNT,
            context.law(f"{CEJ}.montants.montant_majeurs_non_imposables"),
            notice_key(context),
        ),
    ]
    if all(reason.ok for reason in reasons) and not context.amount("contrat_engagement_jeune", person):
        reasons.append(
            Reason(
                _("Vos revenus récents dépassent l’allocation."),
                False,
                _recent(context, person),
                None,
                EURO_MONTH,
                law,
                context.income_keys(),
            )
        )
    yes = _("Vous avez de 16 à 25 ans, sans emploi durable ni formation : la mission locale peut vous le proposer.")
    return Explanation("cej", reasons, None, context.incomes(first, last), yes=yes, person=person.id)


def _recent(context: Context, person: Person) -> float:
    span = months.between(months.shift(context.month, -3), months.shift(context.month, -1))
    return round(
        sum(person.received(month, "salary", "apprentice_pay", "unemployment", "sick_pay") for month in span)
        / len(span),
        2,
    )


def pass_culture(context: Context, person: Person) -> Explanation:
    age = person.age(months.shift(context.month, 1))
    amount = context.amount("pass_culture", person)
    oldest = int(context.parameter(f"{CULTURE}.age_maximum"))
    text = _("Âge : %(age)s ans. Le pass s’ouvre à 17 et 18 ans.") % {"age": age}
    reasons = [
        Reason(
            text,
            amount > 0,
            age,
            oldest,
            YEARS,
            context.law(f"{CULTURE}.age_maximum"),
            (f"people[{person.id}].birth_date",),
        )
    ]
    return Explanation(
        "pass_culture", reasons, yes=_("Le pass s’ouvre à votre âge, dans son application."), person=person.id
    )


def pass_sport(context: Context, person: Person) -> Explanation:
    age = person.age(context.month)
    path = f"{SPORT}.critere_age"
    grant, school_aid = bool(context.read("boursier", person=person)), context.amount("ars") > 0
    young = (
        context.parameter(f"{path}.age_minimum_profil_ars")
        <= age
        <= context.parameter(f"{path}.age_maximum_profil_ars")
    )
    due = context.amount("pass_sport", person) > 0
    texts: Sequence[str] = (
        _("Âge : %(age)s ans. Le Pass’Sport va de 14 à 17 ans, et plus loin avec l’AEEH, l’AAH ou une bourse.")
        % {"age": age},
        _("Votre foyer a droit à l’ARS, à l’AEEH ou à l’AAH, ou une bourse d’études est versée.")
        if due
        else _("Il faut l’ARS de 14 à 17 ans, l’AEEH, l’AAH jusqu’à 30 ans, ou une bourse d’études."),
    )
    law = context.law(f"{path}.age_minimum_profil_ars")
    reasons = [
        Reason(
            texts[0],
            due or young or grant,
            age,
            int(context.parameter(f"{path}.age_maximum_profil_ars")),
            YEARS,
            law,
            (f"people[{person.id}].birth_date",),
        ),
        Reason(
            texts[1],
            due,
            context.amount("ars"),
            0 if school_aid else None,
            EURO_YEAR,
            context.law(f"{SPORT}.montant"),
            ("benefits_received", *notice_key(context)),
        ),
    ]
    yes = _("Le code de %(amount)s arrive par message, à donner au club.") % {
        "amount": euros(context.amount("pass_sport", person))
    }
    return Explanation("pass_sport", reasons, yes=yes, person=person.id)


def repas_un_euro(context: Context, person: Person) -> Explanation:
    student = person.school == "enseignement_superieur"
    grant = bool(context.read("boursier", person=person))
    keys = (f"people[{person.id}].status", f"people[{person.id}].school", f"people[{person.id}].boursier")
    reasons = [
        Reason(
            _("Vous faites des études supérieures.") if student else _("Il faut faire des études supérieures."),
            student,
            figures=keys,
        ),
        Reason(
            _("Vous avez droit à une bourse.") if grant else _("Il faut être boursier, ou le devenir."),
            grant,
            figures=keys,
        ),
    ]
    return Explanation(
        "repas_un_euro", reasons, yes=_("Vous êtes boursier : le repas du Crous coûte 1 €."), person=person.id
    )
