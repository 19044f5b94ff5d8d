"""Questions about the household: who lives in it, their birth dates, and what concerns parents."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _

from services.aids.asking.changes import (
    born,
    no_or_yes,
    same,
    set_person,
    with_children,
    with_custody,
    with_more,
    with_partner,
)
from services.aids.asking.variants import Question
from services.aids.household import Household, Person, months

PARTNER = "household.partner"
CHILDREN = "household.children"
PEOPLE = "household.people"


def family(household: Household) -> Iterator[Question]:
    applicant = household.applicant
    if (birth := applicant.key("birth_date")) in household.unknown:
        yield Question(
            key="naissance",
            text=_("Quelle est votre date de naissance ?"),
            field="identite.pivot#/birthdate",
            keys=(birth,),
            answers=tuple(set_person(applicant, birth_date=born(household, age)) for age in (40, 22, 68)),
        )
    if PARTNER in household.unknown:
        yield Question(
            key="couple",
            text=_("Vivez-vous en couple ?"),
            field="foyer.composition#/allocataires",
            keys=(PARTNER, PEOPLE),
            answers=(with_partner(False), with_partner(True)),
            hint=_("Mariés, pacsés ou non : ce qui compte est de vivre ensemble."),
        )
    elif household.partner and (birth := household.partner.key("birth_date")) in household.unknown:
        yield _partner_birth(household, household.partner, birth)
    if CHILDREN in household.unknown:
        yield Question(
            key="enfants",
            text=_("Combien d’enfants avez-vous à charge ?"),
            field="foyer.composition#/enfants",
            keys=(CHILDREN, PEOPLE),
            answers=(with_children(0), with_children(2)),
            hint=_("Un enfant que vous logez et nourrissez, même s’il n’est là qu’une semaine sur deux."),
        )
    yield from _children_births(household)


def _partner_birth(household: Household, partner: Person, birth: str) -> Question:
    near = household.applicant.birth_date
    return Question(
        key="naissance_conjoint",
        text=_("Quelle est la date de naissance de votre conjoint ?"),
        field="foyer.composition#/allocataires",
        person=partner.id,
        keys=(birth,),
        answers=(set_person(partner, birth_date=near), set_person(partner, birth_date=born(household, 68))),
    )


def _children_births(household: Household) -> Iterator[Question]:
    alone = len(household.children) == 1
    for rank, child in enumerate(household.children, 1):
        if child.key("birth_date") in household.unknown:
            yield Question(
                key="naissance_enfant",
                text=_("Quelle est la date de naissance de votre enfant ?")
                if alone
                else _("Quelle est la date de naissance de votre enfant n° %(rank)s ?") % {"rank": rank},
                field="foyer.composition#/enfants",
                person=child.id,
                keys=(child.key("birth_date"), child.key("school")),
                answers=tuple(set_person(child, birth_date=born(household, age)) for age in (8, 2, 15, 20)),
            )


def parenthood(household: Household) -> Iterator[Question]:
    if household.partner is None and household.children and PARTNER not in household.unknown:
        yield from _single_parent(household)
    yield from _pregnancy(household)
    for child in household.children:
        if (child.disability_rate or 0) >= 0.5 and child.aeeh_category is None:
            yield _supplement(child)


def _single_parent(household: Household) -> Iterator[Question]:
    applicant = household.applicant
    alimony = applicant.key("incomes.alimony_received")
    if alimony in household.unknown:
        yield Question(
            key="pension_alimentaire",
            text=_("Recevez-vous une pension alimentaire ?"),
            field="revenu.mensuel#/net",
            person=applicant.id,
            keys=(alimony,),
            answers=(same, with_more(applicant.id, "alimony_received", 300.0)),
        )
    if household.recently_alone is None:
        yield Question(
            key="seul_depuis",
            text=_("Vous êtes-vous séparé il y a moins de 18 mois ?"),
            field="foyer.composition#/separation_recente",
            keys=("household.recently_alone",),
            answers=(
                lambda household: replace(household, recently_alone=False),
                lambda household: replace(household, recently_alone=True),
            ),
        )
    if custody := [child for child in household.children if child.shared_custody is None]:
        yield _custody(custody)


def _custody(children: Sequence[Person]) -> Question:
    return Question(
        key="garde",
        text=_("Vos enfants vivent-ils une semaine sur deux chez l’autre parent ?"),
        field="foyer.situation#/garde_alternee",
        person=children[0].id,
        keys=tuple(child.key("shared_custody") for child in children),
        answers=(with_custody(False), with_custody(True)),
    )


def _pregnancy(household: Household) -> Iterator[Question]:
    """Ask a couple once: the law does not need to know which of the two is pregnant."""
    unsure = [person for person in household.parents if person.pregnant is None]
    if unsure:
        yield _expecting(household, unsure)
    for person in household.parents:
        if person.pregnant and person.due_date is None:
            yield Question(
                key="terme",
                text=_("Pour quand attendez-vous cet enfant ?"),
                field="foyer.situation#/date_terme",
                person=person.id,
                keys=(person.key("due_date"),),
                answers=tuple(set_person(person, due_date=_in(household, ahead)) for ahead in (2, 5)),
            )


def _expecting(household: Household, unsure: Sequence[Person]) -> Question:
    first = unsure[0]
    if len(unsure) > 1:
        text = _("Attendez-vous un enfant, vous ou votre conjoint ?")
    elif first.role == "applicant":
        text = _("Attendez-vous un enfant ?")
    else:
        text = _("Votre conjointe attend-elle un enfant ?")

    def change(expected: bool) -> object:
        def apply(household: Household) -> Household:
            for person in unsure:
                household = household.with_person(person.id, pregnant=expected and person is first)
            return household.with_person(first.id, due_date=_in(household, 2)) if expected else household

        return apply

    return Question(
        key="grossesse",
        text=text,
        field="foyer.situation#/enceinte",
        person=first.id,
        keys=(*(person.key("pregnant") for person in unsure), first.key("due_date")),
        answers=(change(False), change(True)),  # type: ignore[arg-type]
    )


def _in(household: Household, ahead: int) -> date:
    return date.fromisoformat(f"{months.shift(household.month, ahead)}-15")


def _supplement(child: Person) -> Question:
    return Question(
        key="complement_aeeh",
        text=_("Quel complément la MDPH a-t-elle accordé pour cet enfant ?"),
        field="handicap.decision#/aeeh_categorie",
        person=child.id,
        keys=(child.key("aeeh_category"),),
        answers=tuple(set_person(child, aeeh_category=category) for category in (0, 2, 4)),
        hint=_("La notification dit « complément », puis un numéro de 1 à 6."),
    )


def disabilities(household: Household) -> Iterator[Question]:
    """Ask once for the whole household, then for each person concerned."""
    unsure = [
        person for person in household.people if person.disability_rate is None and person.age(household.month) >= 0
    ]
    if len(unsure) > 1 and not household.apart:
        yield _somebody(unsure)
    else:
        for person in unsure:
            yield _disability(household, person)
    for person in household.parents:
        if person.rsdae is None and 0.5 <= (person.disability_rate or 0) < 0.8:
            yield Question(
                key="rsdae",
                text=_("La MDPH a-t-elle reconnu une restriction durable d’accès à l’emploi ?"),
                field="handicap.decision#/rsdae",
                person=person.id,
                keys=(person.key("disability_rate"),),
                answers=no_or_yes(person, "rsdae"),
                hint=_("C’est écrit sur la notification, parfois « RSDAE »."),
            )


def _somebody(unsure: Sequence[Person]) -> Question:
    def change(concerned: Person | None) -> object:
        def apply(household: Household) -> Household:
            for person in unsure:
                rate = 0.0 if person is not concerned else 0.5 if person.role == "child" else 0.8
                household = household.with_person(person.id, disability_rate=rate)
            return household

        return apply

    shown = [None, *unsure[:3]]
    return Question(
        key="handicap_foyer",
        text=_("La MDPH a-t-elle reconnu un handicap à quelqu’un chez vous ?"),
        field="handicap.decision#/taux_incapacite",
        keys=tuple(person.key("disability_rate") for person in unsure),
        answers=tuple(change(person) for person in shown),  # type: ignore[misc]
    )


def _disability(household: Household, person: Person) -> Question:
    child = person.role == "child"
    texts = {
        "applicant": _("La MDPH a-t-elle reconnu un handicap ?"),
        "partner": _("La MDPH a-t-elle reconnu un handicap à votre conjoint ?"),
        "child": _("La MDPH a-t-elle reconnu un handicap à votre enfant de %(age)s ans ?")
        % {"age": person.age(household.month)},
    }
    return Question(
        key="handicap_enfant" if child else "handicap",
        text=texts[person.role],
        field="handicap.decision#/taux_incapacite",
        person=person.id,
        keys=(person.key("disability_rate"),),
        answers=(
            set_person(person, disability_rate=0.0),
            set_person(person, disability_rate=0.5 if child else 0.8),
        ),
    )
