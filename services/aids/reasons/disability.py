"""The AAH, for adults whose disability the MDPH has recognised."""

from django.utils.translation import gettext as _

from services.aids.household import Person
from services.aids.reasons.common import (
    EURO_MONTH,
    HEALTH,
    RATE,
    Context,
    Explanation,
    Figure,
    Reason,
    Threshold,
    per_month,
)
from services.aids.reasons.conditions import age_between, condition, resources_under
from services.aids.reasons.residence import explain_three_months


def aah(context: Context, person: Person) -> Explanation:
    recognised = _disability(context, person)
    explanation = Explanation(
        "aah",
        [recognised, _adult(context, person, already=bool(recognised.ok)), *explain_three_months(context, person)],
        figures=[*context.recent_incomes(since=3), *_supplement(context, person)],
        yes=_("La MDPH a reconnu le handicap et les ressources sont sous la limite."),
        person=person.id,
    )
    if recognised.ok:
        cap = float(context.read("aah_plafond_ressources_deconjugalise", person=person))
        have = float(context.read("aah_base_ressources_deconjugalisee", person=person))
        explanation.reasons.append(_aah_resources(context, have, cap))
        explanation.threshold = Threshold(_("Ressources retenues pour la personne"), have, cap, EURO_MONTH)
        pension = float(context.read("aah_base_non_cumulable", person=person))
        if pension and not context.amount("aah", person):
            explanation.reasons.append(_pension_under_aah(context, person, pension))
    return explanation


def _supplement(context: Context, person: Person) -> list[Figure]:
    """Return the two parts of an amount that is above the AAH alone, or nothing."""
    supplement = context.amount("caah", person)
    if not supplement:
        return []
    rule = _("L821-1-2 CSS : logement à soi, aide au logement, pas de travail")
    return [
        per_month(_("AAH"), context.amount("aah", person)),
        per_month(_("Majoration pour la vie autonome"), supplement, rule=rule),
    ]


def _disability(context: Context, person: Person) -> Reason:
    """Return the condition: 80 %; or 50 % before retirement age, with a lasting restriction on work (RSDAE)."""
    rate, path = person.disability_rate, f"{HEALTH}.aah.taux_capacite.taux_incapacite"
    high, low = context.parameter(path), context.parameter(f"{path}_rsdae")
    age, last = person.age(context.month), context.parameter(f"{HEALTH}.aah.age_legal_retraite")
    working_age = age <= last if context.stock else age < last
    return condition(
        None if rate is None else rate >= high or (rate >= low and bool(person.rsdae) and working_age),
        yes=_("La MDPH a reconnu un taux d’incapacité suffisant."),
        no=_(
            "Il faut un taux d’incapacité de 80 %, ou de 50 % avec une restriction pour l’emploi, reconnu par la MDPH."
        ),
        unknown=_("Nous ne savons pas si la MDPH a reconnu un handicap."),
        value=None if rate is None else rate * 100,
        limit=high * 100,
        unit=RATE,
        law=context.law(path),
        keys=(person.key("disability_rate"),),
    )


def _adult(context: Context, person: Person, *, already: bool) -> Reason:
    """Some people get the AAH under the usual age: `already` is a recognised disability, and the engine decides."""
    path = f"{HEALTH}.aah.age_minimal"
    early = already and bool(context.read("aah_eligible", person=person))
    text = _("Âge : %(age)s ans. L’allocation s’adresse aux adultes.")
    return age_between(context, person, text=text, path=path, least=0 if early else int(context.parameter(path)))


def _aah_resources(context: Context, have: float, cap: float) -> Reason:
    return resources_under(
        cap,
        have=have,
        unit=EURO_MONTH,
        under=_("Les ressources retenues, %(have)s par mois, sont sous la limite de %(limit)s."),
        over=_("Les ressources retenues sont %(gap)s au-dessus de la limite, par mois."),
        law=context.law(f"{HEALTH}.aah.montant"),
        keys=context.income_keys(),
    )


def _pension_under_aah(context: Context, person: Person, pension: float) -> Reason:
    path = f"{HEALTH}.aah.montant"
    return resources_under(
        context.parameter(path) - 0.01,
        have=pension,
        unit=EURO_MONTH,
        under=_("La pension d’invalidité, %(have)s, est sous l’allocation : elle est complétée."),
        over=_("La pension d’invalidité dépasse l’allocation : l’AAH ne s’y ajoute pas."),
        law=context.law(path),
        keys=(person.key("incomes.disability_pension"),),
    )
