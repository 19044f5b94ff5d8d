"""Questions about what only the city's own aids read. One is asked only if its answer changes one of these aids."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from services.aids.asking.changes import no_or_yes, set_person
from services.aids.asking.variants import Change, Question
from services.aids.household import Household, Person, months

#: Levels that a rule may name, one answer each.
LEVELS: Final = (
    "seconde",
    "premiere",
    "terminale",
    "cap_1",
    "cap_2",
    "bts_1",
    "bts_2",
    "but_1",
    "but_2",
    "but_3",
    "cpge_1",
    "cpge_2",
    "licence_1",
    "licence_2",
    "licence_3",
    "master_1",
    "master_2",
    "doctorat",
    "autre",
)
ENGAGEMENTS: Final = ("aucun", "stage", "service_civique", "professionnalisation")
HONOURS: Final = ("aucune", "ab", "b", "tb", "tb_felicitations")
SCHEMES: Final = ("general", "agricole", "autre")
CIVIL: Final = {"C": "celibataire", "M": "marie", "O": "pacse", "D": "divorce", "V": "veuf"}
#: Years that a rule may ask to have lived in the commune: each answer is one side of one of them.
YEARS: Final = (0, 1, 2, 3, 5, 10, 20)
#: Below this age, only what concerns schools is asked of a child.
SCHOOL_AGE: Final = 15


def city(household: Household) -> Iterator[Question]:
    """Yield one question for each unknown value, about the applicant first."""
    applicant = household.applicant
    if applicant.city.resident_since is None:
        yield _question(
            household,
            applicant,
            "commune_depuis",
            "resident_since",
            tuple(_since(household, years) for years in YEARS),
        )
    if applicant.city.housing_difficulty is None:
        yield _question(household, applicant, "difficulte_logement", "housing_difficulty", (False, True))
    if applicant.marital is None:
        yield Question(
            key="statut_marital",
            text=_("Êtes-vous marié, pacsé, divorcé, veuf ou célibataire ?"),
            field="foyer.situation#/statut_marital",
            person=applicant.id,
            keys=(applicant.key("marital"),),
            answers=tuple(set_person(applicant, marital=status) for status in CIVIL.values()),
        )
    for person in household.people:
        yield from _of_person(household, person)


def _since(household: Household, years: int) -> date:
    return date.fromisoformat(f"{months.shift(household.month, -12 * years - 1)}-01")


def _of_person(household: Household, person: Person) -> Iterator[Question]:
    is_child = person.role == "child"
    if is_child and person.age(household.month) < SCHOOL_AGE:
        return
    facts = person.city
    if facts.level is None:
        yield _question(household, person, "niveau", "level", LEVELS)
    if facts.engagement is None:
        yield _question(household, person, "engagement", "engagement", ENGAGEMENTS)
    if facts.health_social_training is None:
        yield _question(household, person, "formation_sociale", "health_social_training", (False, True))
    if facts.bac_honours is None:
        yield _question(household, person, "mention", "bac_honours", HONOURS)
    if person.boursier is None:
        yield Question(
            key="boursier",
            text=_text(household, person, "boursier"),
            field="etudes.bourse#/est_boursier",
            person=person.id,
            keys=(person.key("boursier"),),
            answers=no_or_yes(person, "boursier"),
        )
    if is_child:
        return
    if facts.scheme is None:
        yield _question(household, person, "regime", "scheme", SCHEMES)
    if facts.temp_agency is None:
        yield _question(household, person, "interim", "temp_agency", (False, True))


FIELDS: Final = {
    "commune_depuis": "commune_depuis",
    "difficulte_logement": "difficulte_logement",
    "niveau": "niveau_etude",
    "engagement": "engagement",
    "formation_sociale": "formation_sanitaire_sociale",
    "mention": "mention_baccalaureat",
    "regime": "regime_social",
    "interim": "interimaire",
}


#: The fact of the city's rules that each answer gives.
FACTS: Final = {
    "commune_depuis": "resident_months",
    "difficulte_logement": "housing_difficulty",
    "statut_marital": "family_status",
    "niveau": "study_year",
    "engagement": "profiles",
    "formation_sociale": "health_social_training",
    "mention": "bac_honours",
    "boursier": "grant_holder",
    "regime": "scheme",
    "interim": "temp_agency",
}


def _question(household: Household, person: Person, key: str, name: str, values: tuple[object, ...]) -> Question:
    return Question(
        key=key,
        text=_text(household, person, key),
        field=f"foyer.situation#/{FIELDS[key]}",
        person=person.id,
        keys=(person.key(f"city.{name}"),),
        answers=tuple(_answered(person, name, value) for value in values),
    )


def _answered(person: Person, name: str, value: object) -> Change:
    def change(household: Household) -> Household:
        city = replace(household.person(person.id).city, **{name: value})  # type: ignore[arg-type]
        return household.with_person(person.id, city=city)

    return change


#: The question to the applicant, and the same about somebody else. Each step of an interview makes all that are open:
#: only the words that are shown are translated.
TEXTS: Final = {
    "commune_depuis": (gettext_noop("Depuis quand habitez-vous votre commune ?"), ""),
    "difficulte_logement": (gettext_noop("Avez-vous du mal à trouver un logement, ou à le payer ?"), ""),
    "niveau": (gettext_noop("En quelle année d’études êtes-vous ?"), gettext_noop("en quelle année d’études ?")),
    "engagement": (
        gettext_noop("Êtes-vous en stage, en service civique ou en contrat de professionnalisation ?"),
        gettext_noop("en stage, en service civique ou en contrat de professionnalisation ?"),
    ),
    "formation_sociale": (
        gettext_noop("Suivez-vous une formation sanitaire ou sociale ?"),
        gettext_noop("en formation sanitaire ou sociale ?"),
    ),
    "mention": (
        gettext_noop("Quelle mention avez-vous eue au baccalauréat ?"),
        gettext_noop("quelle mention au baccalauréat ?"),
    ),
    "boursier": (gettext_noop("Avez-vous une bourse d’études ?"), gettext_noop("une bourse d’études ?")),
    "regime": (
        gettext_noop("De quel régime de sécurité sociale dépendez-vous ?"),
        gettext_noop("quel régime de sécurité sociale ?"),
    ),
    "interim": (gettext_noop("Travaillez-vous pour une agence d’intérim ?"), gettext_noop("en intérim ?")),
}


def _text(household: Household, person: Person, key: str) -> str:
    """Return the question to the applicant, or about their partner or a child."""
    mine, theirs = TEXTS[key]
    if person.role == "applicant":
        return _(mine)
    whom = (
        _("Votre conjoint")
        if person.role == "partner"
        else _("Votre enfant de %(age)s ans") % {"age": person.age(household.month)}
    )
    return _("%(who)s : %(question)s") % {"who": whom, "question": theirs and _(theirs)}
