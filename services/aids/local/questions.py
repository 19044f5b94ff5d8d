"""Questions about what only the city's own aids read. One is asked only if its answer changes one of these aids."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from services.aids.asking.changes import set_person
from services.aids.asking.variants import Change, Question
from services.aids.household import Household, Person, months
from services.aids.local.conditions import ASKED
from services.aids.local.conditions.kinds import Asked, Sort, Whose

#: Below this age, nothing is asked of a child.
SCHOOL_AGE: Final = 15


def city_questions(household: Household, reads: Collection[str] | None = None) -> list[Question]:
    """Return one question per unknown value that only the city's aids read, about the applicant first. They run no
    engine: whoever asks them evaluates these aids again with each answer, and asks those that change one.

    Args:
        reads: the facts that these aids read; the other questions are left out.
    """
    asked = [asked for asked, fact in ASKED.values() if reads is None or fact.name in reads]
    applicant = household.applicant
    about = [
        *((applicant, one) for one in asked if one.whom == Whose.APPLICANT),
        *((person, one) for person in household.people for one in asked if _concerns(person, one, household)),
    ]
    return [_question(household, person, one) for person, one in about if _lacks(person, one)]


def _concerns(person: Person, asked: Asked, household: Household) -> bool:
    """Return whether a person is asked: a child only about school, and not before they may leave it."""
    if asked.whom == Whose.ADULT:
        return person.role != "child"
    return asked.whom == Whose.PERSON and (person.role != "child" or person.age(household.month) >= SCHOOL_AGE)


def _lacks(person: Person, asked: Asked) -> bool:
    holder, _sep, name = asked.value.rpartition(".")
    return getattr(person.city if holder else person, name) is None


def _question(household: Household, person: Person, asked: Asked) -> Question:
    return Question(
        key=asked.key,
        text=_text(household, person, asked),
        field=asked.vault_field,
        person=person.id,
        keys=(person.key(asked.value),),
        answers=tuple(_answered(person, asked.value, value) for value in _answers(household, asked)),
    )


def _answers(household: Household, asked: Asked) -> Iterator[object]:
    """Yield a few values that the answer may be."""
    if asked.sort == Sort.FLAG:
        yield from (False, True)
    elif asked.sort == Sort.DAY:
        for years in asked.years:
            yield date.fromisoformat(f"{months.shift(household.month, -12 * years - 1)}-01")
    else:
        yield from asked.choices.values()


def _answered(person: Person, value: str, answer: object) -> Change:
    holder, _sep, name = value.rpartition(".")
    if not holder:
        return set_person(person, **{name: answer})

    def change(household: Household) -> Household:
        city = replace(household.person(person.id).city, **{name: answer})  # type: ignore[arg-type]
        return household.with_person(person.id, city=city)

    return change


def _text(household: Household, person: Person, asked: Asked) -> str:
    """Return the question to the applicant, or about their partner or a child."""
    if person.role == "applicant":
        return _(asked.mine)
    whom = (
        _("Votre conjoint")
        if person.role == "partner"
        else _("Votre enfant de %(age)s ans") % {"age": person.age(household.month)}
    )
    return _("%(who)s : %(question)s") % {"who": whom, "question": asked.theirs and _(asked.theirs)}
