"""Nationality and right to reside, which the minimum incomes ask for."""

from typing import Final

from django.utils.translation import gettext as _

from services.aids.household import Person
from services.aids.reasons.common import Context, Law, Reason
from services.aids.reasons.conditions import condition, needs_more, refusal

RSA: Final = "rsa_condition_nationalite"
ASPA: Final = "asi_aspa_condition_nationalite"
AGE_OF_RSA: Final = Law("Article L262-4 du code de l’action sociale et des familles", "")
LAWS: Final = {
    "aah": Law("Article L821-1 du code de la sécurité sociale", ""),
    "rsa": Law("Articles L262-4 et L262-6 du code de l’action sociale et des familles", ""),
    "prime_activite": Law("Article L842-2 du code de la sécurité sociale", ""),
    "aspa": Law("Article L816-1 du code de la sécurité sociale", ""),
    "asi": Law("Article L816-1 du code de la sécurité sociale", ""),
}
VARIABLES: Final = {"rsa": RSA, "prime_activite": RSA, "aspa": ASPA, "asi": ASPA}
#: Years after which a European citizen stays for good (directive 2004/38/EC, article 16).
FOR_GOOD: Final = 5
#: Incomes of who works or has worked here. A pension may be another country's.
EARNED: Final = ("salary", "unemployment", "apprentice_pay", "sick_pay", "micro_turnover_profit")
#: Aids that ask for the right to reside of Europeans only by that right (L512-2, L821-1, L160-1 CSS, L822-2 CCH).
OF_EUROPEANS: Final = frozenset(
    {
        "aah", "aeeh", "af", "aide_logement", "ars", "asf", "bourse_crous", "c2s", "cf", "paje_base", "paje_naissance"
    }
)  # fmt: skip
RIGHT_OF_EUROPEANS: Final = Law("Article L233-1 du code de l’entrée et du séjour des étrangers", "")


def explain_residence(context: Context, code: str) -> Reason:
    """Explain the nationality or the permit that an aid asks for."""
    no = _("Votre titre de séjour n’a pas l’ancienneté demandée, ou nous ne savons pas depuis quand vous l’avez.")
    if all(_is_european(context, person) for person in context.household.parents):
        no = _three_months()
    return condition(
        _may(context, code),
        yes=_("Vous êtes français, européen, ou votre titre de séjour suffit."),
        no=no,
        unknown=_ask_caf(),
        law=LAWS[code],
        keys=tuple(person.key("nationality") for person in context.household.parents),
    )


def _ask_caf() -> str:
    return _(
        "Sans emploi, un citoyen européen doit avoir le droit de séjourner en France : par un travail passé, "
        "sa famille ou cinq ans de séjour. Nous ne pouvons pas le vérifier, demandez à la CAF."
    )


def _ask_cpam() -> str:
    return _(
        "Sans emploi, un citoyen européen est couvert s’il a le droit de séjourner en France, ou par son pays. "
        "Nous ne pouvons pas le vérifier, demandez à l’Assurance maladie."
    )


def explain_right_of_europeans(context: Context, code: str) -> Reason:
    """Say what a European without work here has to show, and to whom."""
    keys = tuple(person.key("nationality") for person in context.household.parents)
    if code == "bourse_crous":
        text = _(
            "Un étudiant européen doit avoir travaillé en France, y avoir un parent qui travaille, ou y vivre depuis "
            "cinq ans. Nous ne pouvons pas le vérifier, demandez au Crous."
        )
        return needs_more(text, keys=keys)
    text = _ask_cpam() if code == "c2s" else _ask_caf()
    return needs_more(text, law=RIGHT_OF_EUROPEANS, keys=keys)


def explain_three_months(context: Context, person: Person) -> list[Reason]:
    """Explain the three months of residence that the AAH asks of a European citizen out of work; nothing else."""
    if context.stock or not _is_european(context, person) or context.read(RSA, person=person):
        return []
    return [refusal(_three_months(), law=LAWS["aah"], keys=(person.key("nationality"),))]


def _is_european(context: Context, person: Person) -> bool:
    """Return whether the person is a citizen of another country of the Union, of the EEA or of Switzerland."""
    foreign = person.nationality not in {None, "FR"}
    return foreign and (person.nationality == "CH" or bool(context.read("ressortissant_eee", person=person)))


def _three_months() -> str:
    return _("Sans emploi, un citoyen européen doit vivre en France depuis trois mois.")


def is_doubtful(context: Context, code: str) -> bool:
    """Return whether only an office can say if this aid is open to the household. No amount is then given."""
    if code in OF_EUROPEANS:
        return not context.stock and all(_must_prove(context, person) for person in context.household.parents)
    foreign = any(person.nationality not in {None, "FR"} for person in context.household.parents)
    return foreign and code in VARIABLES and _may(context, code) is None


def _may(context: Context, code: str) -> bool | None:
    may = [person for person in context.household.parents if context.read(VARIABLES[code], person=person)]
    if not may:
        return VARIABLES[code] == RSA and bool(context.read("rsa_majore_eligibilite"))
    return None if all(_must_prove(context, person) for person in may) else True


def _must_prove(context: Context, person: Person) -> bool:
    """Return whether a European citizen has no known right to reside. Who works has one, and keeps it afterwards.

    Articles L. 262-6 CASF and L. 233-1 CESEDA: a right to reside asks for work, enough money or a family.
    """
    if not _is_european(context, person):
        return False
    earned = person.incomes is None or any(income.type in EARNED and income.net > 0 for income in person.incomes)
    return not ((person.permit_years or 0) >= FOR_GOOD or (earned and person.status != "inactive"))
