"""The order of the questions: first those whose answer changes most what a household like this one may receive.

content/question_order.json holds the mean change in euros a year, measured by bench/question_order.py with the engine
over fictional households; a test measures a part of it again. So asking a question runs no law.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from services.aids.asking.variants import Question
from services.aids.catalogue import FOLDER
from services.aids.household import TENANTS, Household

UNKNOWN: Final = "?"
# Households that a context needs before its own measures count; below, a wider context is read.
ENOUGH: Final = 12
# Households over which a question must have changed nothing before it is left out.
SURE: Final = 30
# Nothing can be said without these: they come first, and are never left out.
FIRST: Final = ("logement", "loyer", "activite", "revenus", "naissance", "couple", "enfants", "naissance_enfant")
# An income is asked once its kind is known, a tax notice once it is known whose it is.
AFTER: Final = {"revenus": "activite", "avis": "rattachement"}


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads((FOLDER / "question_order.json").read_text())
    return loaded


def context(household: Household) -> tuple[str, str, str]:
    """Return what is known of the household that the table depends on: activity, family and home."""
    home = household.housing.status if household.housing else None
    return (household.applicant.status or UNKNOWN, _family(household), _home(home))


def _family(household: Household) -> str:
    if {"household.partner", "household.children"} & household.unknown:
        return UNKNOWN
    couple, children = household.partner is not None, bool(household.children)
    return {(False, False): "alone", (False, True): "parent", (True, False): "couple", (True, True): "family"}[
        couple, children
    ]


def _home(status: str | None) -> str:
    if status is None:
        return UNKNOWN
    return "tenant" if status in TENANTS else "other"


def wider(found: tuple[str, str, str]) -> list[str]:
    """Return the keys of the contexts that hold this one, the narrowest first."""
    status, family, home = found
    keys = [
        (status, family, home),
        (status, family, UNKNOWN),
        (status, UNKNOWN, home),
        (UNKNOWN, family, home),
        (status, UNKNOWN, UNKNOWN),
        (UNKNOWN, family, UNKNOWN),
        (UNKNOWN, UNKNOWN, UNKNOWN),
    ]
    return list(dict.fromkeys("|".join(key) for key in keys))


def effect(question: Question, household: Household) -> float:
    """Return the mean change in euros a year that the table gives for this question."""
    for mean, count, _most in _measures(question, household):
        if count >= ENOUGH:
            return float(mean)
    return 0.0


def _measures(question: Question, household: Household) -> Iterator[tuple[float, int, float]]:
    measured: Mapping[str, Mapping[str, list[float]]] = table()["contexts"]
    for key in wider(context(household)):
        if found := measured.get(key, {}).get(question.key):
            yield found[0], int(found[1]), found[2]


def may_matter(question: Question, household: Household) -> bool:
    """Return False if no answer changed anything for many households like this one, or wider."""
    if question.key in FIRST:
        return True
    return not any(count >= SURE and most == 0 for _mean, count, most in _measures(question, household))


def sort(household: Household, questions: Iterable[Question]) -> list[Question]:
    """Return the questions that may matter: first those without which nothing can be said, then by their effect."""
    kept = [question for question in questions if may_matter(question, household)]
    return _sorted(kept, {question.place: effect(question, household) for question in kept})


def unmeasured(household: Household, questions: Iterable[Question]) -> list[Question]:
    """Return all questions, for the measure that the order comes from."""
    kept = list(questions)
    return _sorted(kept, dict.fromkeys((question.place for question in kept), 0.0))


def _sorted(kept: list[Question], effects: dict[str, float]) -> list[Question]:
    for question in kept:
        before = next((one for one in kept if _comes_before(one, question)), None)
        if before is not None:
            effects[before.place] = max(effects[before.place], effects[question.place])
            effects[question.place] = effects[before.place] - 1
    return sorted(kept, key=lambda question: (question.key not in FIRST, -effects[question.place]))


def _comes_before(one: Question, other: Question) -> bool:
    return AFTER.get(other.key) == one.key and other.person in {"", one.person}
