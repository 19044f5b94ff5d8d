"""Replay an interview's answers: the household that they make, what was answered and what is asked next."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.aids import catalogue
from services.aids.asking import questions
from services.aids.asking.variants import Question
from services.aids.facts import answers, from_vault
from services.aids.facts.naming import name_of
from services.aids.household import BadHousehold, Household
from services.aids.interview import order
from services.aids.interview.overlay import Overlay, parted
from services.aids.interview.state import Interview
from services.aids.local.questions import city_questions
from vault.records.values.decrypted import Values

# A visitor has no vault. The ids of the people derive from this one and lead nowhere.
VISITOR: Final = UUID("00000000-0000-4000-8000-000000000000")
# Without these, no amount is worth showing. What follows narrows it.
ESSENTIAL: Final = frozenset({"couple", "enfants", "activite", "revenus", "logement"})
#: The most questions of somebody alone and of a couple, without children; and the children that most families have.
MOST_ALONE: Final = 18
MOST_OF_COUPLE: Final = 19
MOST_CHILDREN: Final = 3
# Questions that nobody has to pass. Their pages are reached by a link, and do not count among the others.
ASIDE: Final[Mapping[str, Callable[[Household], Question | None]]] = {
    "commune": lambda household: questions.commune(),
    "recu": questions.received,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One question passed. `value` is None if the answer is unknown or skipped."""

    name: str
    question: Question
    value: Any
    before: from_vault.Read


@dataclass(slots=True)
class Chain:
    overlay: Overlay
    read: from_vault.Read
    steps: list[Step]
    waiting: list[tuple[str, Question]]
    # Name of each answer that makes the household impossible, and why.
    refused: dict[str, str]

    @property
    def household(self) -> Household:
        return self.read.household

    @property
    def answered(self) -> list[Step]:
        return [step for step in self.steps if step.value is not None]

    @property
    def in_order(self) -> list[Step]:
        """Return the questions passed that count among the others."""
        return [step for step in self.steps if step.name not in ASIDE]

    @property
    def next(self) -> str:
        return self.waiting[0][0] if self.waiting else ""

    @property
    def before_first_amount(self) -> int:
        """Return how many essential questions remain before a first amount."""
        return sum(question.key in ESSENTIAL for _name, question in self.waiting)

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def find(self, name: str) -> tuple[Question, from_vault.Read] | None:
        """Return a question of this interview with the household as it was when asked, None if it is not asked."""
        if (step := self.step(name)) is not None:
            return step.question, step.before
        waiting = next((question for other, question in self.waiting if other == name), None)
        if waiting is None and name in ASIDE:
            waiting = ASIDE[name](self.household)
        return (waiting, self.read) if waiting else None

    def rank(self, name: str) -> tuple[int, int]:
        """Return the question's place and the most questions that there may be."""
        names = [step.name for step in self.in_order]
        place = names.index(name) if name in names else len(names)
        counted = len(names) + len(self.waiting)
        return place + 1, max(counted, self._most()) if self.waiting else counted

    def _most(self) -> int:
        """Return the most questions of a family like this one, 0 if the vault knows the family.

        Measured: a test tells the stories of the samples and compares. A couple and three children until known.
        """
        told = {step.name: step.value for step in self.steps}
        open_now = {other for other, _question in self.waiting}
        if not {"couple", "enfants"} <= told.keys() | open_now:
            return 0
        children = len(self.household.children) if told.get("enfants") is not None else MOST_CHILDREN
        couple = told.get("couple", True)
        most = MOST_OF_COUPLE if couple else MOST_ALONE
        return most + (children + 1 if children else 0)

    def previous(self, name: str) -> str:
        names = [step.name for step in self.in_order]
        place = names.index(name) if name in names else len(names)
        return names[place - 1] if place else ""


Arrange = Callable[[Household, Iterable[Question]], list[Question]]


def follow(
    interview: Interview, values: Values, resident_id: UUID, commune: str, *, arrange: Arrange = order.sort
) -> Chain:
    """Apply the answers to the vault's values, in the order in which the questions arise.

    An answer whose question no longer arises is left out. One that makes the household impossible, as a vault changed
    meanwhile may do, counts as unknown. `arrange` sorts the questions, and leaves out those that cannot matter.
    """
    reading = Reading(resident_id, interview.day, commune)
    shown, hidden = parted(values, interview.set_aside)
    overlay = Overlay(shown, resident_id, hidden=hidden)
    read = reading.of(overlay.values)
    steps: list[Step] = []
    refused: dict[str, str] = {}
    apart = False
    while (found := _next(_shown(read, apart), arrange, interview.answers, steps)) is not None:
        name, question = found
        value = interview.answers[name]
        steps.append(Step(name, question, value, read))
        if value is None:
            continue
        apart = apart or value == answers.MANY
        try:
            read = reading.answered(overlay, question, value, read)
        except BadHousehold as problem:
            steps[-1] = Step(name, question, None, read)
            refused[name] = problem.sentence
    passed = {step.name for step in steps}
    waiting = [(name, one) for name, one in asked(_shown(read, apart), arrange) if name not in passed]
    return Chain(overlay, read, steps=steps, waiting=waiting, refused=refused)


def _next(
    household: Household, arrange: Arrange, given: Mapping[str, Any], steps: list[Step]
) -> tuple[str, Question] | None:
    passed = {step.name for step in steps}
    waiting = asked(household, arrange)
    found = next(((name, one) for name, one in waiting if name in given and name not in passed), None)
    return found or next(_aside(household, given, passed), None) or next(_of_the_city(household, given, passed), None)


def _of_the_city(household: Household, given: Mapping[str, Any], passed: Set[str]) -> Iterator[tuple[str, Question]]:
    """Yield what was answered for the city's aids, of which the order of the others says nothing."""
    for question in (*questions.open_questions(household), *city_questions(household)):
        name = name_of(question, household)
        if name in given and name not in passed:
            yield name, question


def _aside(household: Household, given: Mapping[str, Any], passed: Set[str]) -> Iterator[tuple[str, Question]]:
    for name, asked_aside in ASIDE.items():
        if name in given and name not in passed and (question := asked_aside(household)) is not None:
            yield name, question


def _shown(read: from_vault.Read, apart: bool) -> Household:
    return replace(read.household, apart=True) if apart else read.household


def asked(household: Household, arrange: Arrange) -> list[tuple[str, Question]]:
    """Return the questions that may still matter, in the order of what they change."""
    return [
        (name_of(question, household), question)
        for question in arrange(household, questions.open_questions(household))
    ]


def value_of(question: Question, kept: Any) -> Any:  # noqa: ANN401 - an answer, as JSON and as the form gave it
    """Turn an answer kept as JSON into the value that the form gave."""
    kind = answers.WAYS[question.key].kind
    if kind in {answers.AMOUNT, answers.PAPER}:
        return Decimal(kept)
    return date.fromisoformat(kept) if kind == answers.DATE else kept


def as_json(value: Any) -> Any:  # noqa: ANN401 - an answer, as the form gave it and as JSON
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value


class Reading:
    """Reads the households of one interview. `commune` is the city's, unless the vault has an address."""

    def __init__(self, resident_id: UUID, day: date, commune: str) -> None:
        self.resident_id = resident_id
        self.month = day.strftime("%Y-%m")
        self.communes = catalogue.reference_communes()
        self.commune = commune

    def of(self, values: Values) -> from_vault.Read:
        return from_vault.read(
            values,
            resident_id=self.resident_id,
            month=self.month,
            communes=self.communes,
            default_commune=self.commune,
        )

    def answered(self, overlay: Overlay, question: Question, kept: object, read: from_vault.Read) -> from_vault.Read:
        """Lay one answer over the values and read the household again.

        Raises:
            BadHousehold: with this answer the household is impossible; the values are then unchanged.
        """
        values, written = overlay.values, dict(overlay.written)
        overlay.put(answers.answer(question, value_of(question, kept), read).puts)
        try:
            return self.of(overlay.values)
        except BadHousehold:
            overlay.values, overlay.written = values, written
            raise
