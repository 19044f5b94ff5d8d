"""Questions and the variants of a household that their answers make, all computed in one run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from services.aids.household import Household

Change = Callable[[Household], Household]
# Most rows that combine answers. Beyond it, a question varies alone within each combination.
PRODUCT: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to the resident. `key` is its name in URLs, `keys` the values it fills, `field` the vault field of
    its answer.
    """

    key: str
    text: str
    field: str
    keys: tuple[str, ...]
    answers: tuple[Change, ...]
    person: str = ""
    hint: str = ""

    @property
    def place(self) -> str:
        """Return the key with the person's id, because two adults may have the same question."""
        return f"{self.key}-{self.person}" if self.person else self.key


def assume(household: Household, questions: Sequence[Question]) -> Household:
    """Complete the household with the first answer to each question."""
    for question in questions:
        household = question.answers[0](household)
    return household


@dataclass(frozen=True, slots=True)
class Plan:
    """Households to run, the assumed one first. `answered[row][q]` is the index of row's answer to question q."""

    households: list[Household]
    answered: list[tuple[int, ...]]


def plan(household: Household, questions: Sequence[Question], product_of: int = PRODUCT) -> Plan:
    """Return the households to run. `product_of` bounds the rows that combine answers."""
    wide, size = [], 1
    for question in questions:
        if size * len(question.answers) > product_of:
            break
        size *= len(question.answers)
        wide.append(question)
    ranks = list(product(*(range(len(question.answers)) for question in wide)))
    rest = len(questions) - len(wide)
    answered = [(*rank, *([0] * rest)) for rank in ranks]
    for index in range(len(wide), len(questions)):
        for other in range(1, len(questions[index].answers)):
            answered += [
                (*rank, *(other if place == index else 0 for place in range(len(wide), len(questions))))
                for rank in ranks
            ]
    return Plan([_answer(household, questions, ranks) for ranks in answered], answered)


def _answer(household: Household, questions: Sequence[Question], ranks: Sequence[int]) -> Household:
    for question, rank in zip(questions, ranks, strict=True):
        household = question.answers[rank](household)
    return household


def neighbours(plan: Plan, index: int) -> Iterator[list[int]]:
    """Return groups of rows that differ only by their answer to question `index`."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, ranks in enumerate(plan.answered):
        groups.setdefault((*ranks[:index], *ranks[index + 1 :]), []).append(row)
    return (rows for rows in groups.values() if len(rows) > 1)
