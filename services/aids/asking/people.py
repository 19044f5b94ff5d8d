"""Questions about each adult: their activity, incomes, studies and nationality."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from services.aids.asking.changes import (
    earned_before,
    no_or_yes,
    only_recent,
    same,
    set_person,
    with_income,
    with_more,
)
from services.aids.asking.variants import Question
from services.aids.household import EUROPEAN, INCOMES, Household, Person

NEAR_RSA = 1000.0  # euros a month: a couple without a child has no RSA above
TEN_YEARS = 10  # of residence, the most that an aid asks for
PENSION_AGE = 62  # past it, a disability pension becomes a retirement pension


def people(household: Household) -> Iterator[Question]:
    for person in household.parents:
        if person.status is None:
            yield _status(household, person)
        yield from _money(household, person)
        yield from _nationality(household, person)
        if (
            person.ass_open is None
            and person.status == "unemployed"
            and not person.received(household.month, "unemployment")
        ):
            yield _ass(person)
        if person.worked_two_years is None and not household.children and _may_have_worked(household, person):
            yield _two_years(person)


def who(person: Person, you: str, partner: str) -> str:
    return you if person.role == "applicant" else partner


def _money(household: Household, person: Person) -> Iterator[Question]:
    if person.incomes is None:
        yield _incomes(person)
        return
    if person.key("incomes") in household.unknown:
        yield _months(person)
    if person.key("incomes.before") in household.unknown:
        yield _before(person)
    if (
        person.status == "inactive"
        and person.key("incomes.disability_pension") in household.unknown
        and person.age(household.month) < PENSION_AGE
    ):
        yield _disability_pension(person)


def _status(household: Household, person: Person) -> Question:
    age = person.age(household.month)
    choices = [
        "inactive",
        "employed",
        "unemployed",
        *(["student"] if age < 30 else []),
        *(["retired"] if age >= 55 else []),
    ]
    return Question(
        key="activite",
        text=who(person, _("Quelle est votre activité aujourd’hui ?"), _("Quelle est l’activité de votre conjoint ?")),
        field="foyer.situation#/activite",
        person=person.id,
        keys=(person.key("status"),),
        answers=tuple(set_person(person, status=choice) for choice in choices),
    )


def _incomes(person: Person) -> Question:
    """Try four levels: none, part-time, the minimum wage and twice that."""
    return Question(
        key="revenus",
        text=who(person, *_income_words(person.status)),
        field="emploi.revenu#/net_social",
        person=person.id,
        keys=(
            person.key("incomes"),
            *(person.key(f"incomes.{type}") for type in ("salary", "unemployment", "pension")),
        ),
        answers=tuple(with_income(person.id, net) for net in (0.0, 700.0, 1430.0, 3200.0)),
        hint=_("Un bulletin de paie, un relevé de France Travail ou de retraite suffit."),
    )


def _income_words(status: str | None) -> tuple[str, str]:
    if status == "retired":
        return (
            _("Combien recevez-vous de retraite par mois ?"),
            _("Combien votre conjoint reçoit-il de retraite par mois ?"),
        )
    if status == "unemployed":
        return (
            _("Combien France Travail vous verse-t-il par mois ?"),
            _("Combien France Travail verse-t-il à votre conjoint par mois ?"),
        )
    if status in {"inactive", "student"}:
        return (
            _("Avez-vous un salaire ? Combien par mois ?"),
            _("Votre conjoint a-t-il un salaire ? Combien par mois ?"),
        )
    return (
        _("Quels sont vos revenus nets par mois ?"),
        _("Quels sont les revenus nets de votre conjoint par mois ?"),
    )


def _months(person: Person) -> Question:
    return Question(
        key="mois",
        text=who(person, *_months_words(person)),
        field="emploi.revenu#/mois",
        person=person.id,
        keys=(person.key("incomes"),),
        answers=(same, only_recent(person.id)),
        hint=_("Nous complétons les autres mois avec ce que vous dites."),
    )


def _months_words(person: Person) -> tuple[str, str]:
    if person.role == "applicant" and not any(income.net for income in person.incomes or ()):
        return _("Depuis quand êtes-vous sans revenu ?"), ""
    return (
        _("Depuis quand gagnez-vous à peu près cela chaque mois ?"),
        _("Depuis quand votre conjoint gagne-t-il à peu près cela chaque mois ?"),
    )


def _before(person: Person) -> Question:
    return Question(
        key="avant",
        text=who(
            person,
            _("Avant, combien gagniez-vous par mois ?"),
            _("Avant, combien votre conjoint gagnait-il par mois ?"),
        ),
        field="emploi.revenu#/net_avant_impot",
        person=person.id,
        keys=(person.key("incomes.before"),),
        answers=tuple(earned_before(person.id, net) for net in (1430.0, 0.0, 2500.0)),
    )


def _disability_pension(person: Person) -> Question:
    return Question(
        key="invalidite",
        text=who(
            person,
            _("Recevez-vous une pension d’invalidité ? Combien par mois ?"),
            _("Votre conjoint reçoit-il une pension d’invalidité ? Combien par mois ?"),
        ),
        field="revenu.mensuel#/net",
        person=person.id,
        keys=(person.key("incomes.disability_pension"),),
        answers=(same, with_more(person.id, "disability_pension", 600.0)),
    )


def _nationality(household: Household, person: Person) -> Iterator[Question]:
    """Ask for what the law knows: a nationality, then a permit, then since when, if the permit alone does not do."""
    if person.nationality is None:
        yield Question(
            key="nationalite",
            text=who(person, _("Quelle est votre nationalité ?"), _("Quelle est la nationalité de votre conjoint ?")),
            field="foyer.situation#/nationalite",
            person=person.id,
            keys=(person.key("nationality"),),
            answers=(
                set_person(person, nationality="FR"),
                set_person(person, nationality="MA", permit="other", permit_years=0.0),
            ),
        )
    elif (
        person.nationality not in {"FR", EUROPEAN} and person.permit is None and (person.permit_years or 0) < TEN_YEARS
    ):
        text = who(person, _("Quel est votre titre de séjour ?"), _("Quel est le titre de séjour de votre conjoint ?"))
        yield Question(
            key="titre",
            text=text,
            field="foyer.situation#/titre_sejour",
            person=person.id,
            keys=(person.key("nationality"),),
            answers=(
                set_person(person, permit="other", permit_years=person.permit_years or 0.0),
                set_person(person, permit="protected"),
                set_person(person, permit="resident", permit_years=person.permit_years or 0.0),
            ),
        )
    elif person.nationality != "FR" and person.permit_years is None and _years_count(household, person):
        yield Question(
            key="sejour",
            text=who(
                person,
                _("Depuis quand avez-vous le droit de séjourner et de travailler en France ?"),
                _("Depuis quand votre conjoint a-t-il le droit de séjourner et de travailler en France ?"),
            ),
            field="foyer.situation#/titre_sejour_depuis",
            person=person.id,
            keys=(person.key("nationality"),),
            answers=tuple(set_person(person, permit_years=years) for years in (0.0, 6.0, 11.0)),
        )


def _permit_counts(person: Person) -> bool:
    unknown = person.permit is None and (person.permit_years or 0) < TEN_YEARS
    return unknown and person.nationality not in {"FR", EUROPEAN}


def _years_count(household: Household, person: Person) -> bool:
    """Return whether an aid asks how long somebody has had this permit. With a resident card, only the ASPA does."""
    return person.permit != "protected" and (person.permit != "resident" or person.age(household.month) >= PENSION_AGE)


def _ass(person: Person) -> Question:
    text = who(
        person,
        _("France Travail vous a-t-il ouvert l’allocation de solidarité spécifique ?"),
        _("France Travail a-t-il ouvert à votre conjoint l’allocation de solidarité spécifique ?"),
    )
    return _yes_or_no(person, "ass", text, field="ass_ouverte", value="ass_open")


def _may_have_worked(household: Household, person: Person) -> bool:
    """Return True for a worker of 20 to 24 in a household near the RSA: from 25 it asks for no years of work."""
    if not 20 <= person.age(household.month) < 25 or person.status not in {"employed", "self_employed", "unemployed"}:
        return False
    return sum(one.received(household.month, *INCOMES) for one in household.parents) < NEAR_RSA


def _two_years(person: Person) -> Question:
    text = who(
        person,
        _("Avez-vous travaillé au moins deux ans à plein temps au cours des trois dernières années ?"),
        _("Votre conjoint a-t-il travaillé au moins deux ans à plein temps au cours des trois dernières années ?"),
    )
    return _yes_or_no(person, "deux_ans", text, field="deux_ans_de_travail", value="worked_two_years")


def _yes_or_no(person: Person, key: str, text: str, *, field: str, value: str) -> Question:
    """Return a question whose answer is one field of the person's situation, and one value of the household."""
    return Question(
        key=key,
        text=text,
        field=f"foyer.situation#/{field}",
        person=person.id,
        keys=(person.key(value),),
        answers=no_or_yes(person, value),
    )


def young(household: Household) -> Iterator[Question]:
    if household.applicant.age(household.month) < 26 and not household.children:
        yield from _independence(household.applicant)
    for person in household.parents:
        if person.status == "student" and person.school is None:
            yield _studies(person)
    for person in household.people:
        if person.school == "enseignement_superieur" and person.status != "apprentice":
            yield from _higher_studies(person)


def _independence(person: Person) -> Iterator[Question]:
    if person.tax_dependent_of_parents is None:
        yield _yes_or_no(
            person,
            "rattachement",
            _("Êtes-vous sur la déclaration d’impôt de vos parents ?"),
            field="rattache_foyer_fiscal_parents",
            value="tax_dependent_of_parents",
        )
    if person.lives_with_parents is None:
        text = _("Vivez-vous chez vos parents ?")
        yield _yes_or_no(person, "parents", text, field="vit_chez_parents", value="lives_with_parents")


def _studies(person: Person) -> Question:
    return Question(
        key="etudes",
        text=who(person, _("Où étudiez-vous ?"), _("Où étudie votre conjoint ?")),
        field="foyer.situation#/scolarite",
        person=person.id,
        keys=(person.key("school"),),
        answers=(
            set_person(person, school="enseignement_superieur", school_status="public"),
            set_person(person, school="lycee"),
        ),
    )


def _higher_studies(student: Person) -> Iterator[Question]:
    if student.school_status is None:
        yield Question(
            key="etablissement",
            text=_("Votre établissement est-il public ou privé ?"),
            field="foyer.situation#/etablissement",
            person=student.id,
            keys=(student.key("school_status"),),
            answers=(
                set_person(student, school_status="public"),
                set_person(student, school_status="prive_hors_contrat"),
            ),
        )
    if student.crous_parent_resources is None and student.boursier is None:
        yield Question(
            key="parents_revenus",
            text=_("Quel est le revenu brut global de vos parents ?"),
            field="foyer.situation#/ressources_parents_crous",
            person=student.id,
            keys=(student.key("crous_parent_resources"),),
            answers=tuple(set_person(student, crous_parent_resources=value) for value in (20000.0, 0.0, 90000.0)),
            hint=_("C’est écrit sur leur avis d’impôt."),
        )
