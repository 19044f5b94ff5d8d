"""The name of a question in an interview: its key and who it is about, without any person's id.

The name is the same with and without an account, so that answers given before opening a vault apply to it.
"""

from services.aids.asking.variants import Question
from services.aids.household import Household


def name_of(question: Question, household: Household) -> str:
    if not question.person:
        return question.key
    person = household.person(question.person)
    if person.role == "applicant":
        return question.key
    if person.role == "partner":
        return f"{question.key}-conjoint"
    return f"{question.key}-enfant-{household.children.index(person) + 1}"
