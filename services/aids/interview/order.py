"""The order of the questions: first those whose answer changes most what a household like this one may receive.

content/question_order.json holds the mean change in euros a year, measured by bench/question_order.py with the engine
over fictional households; a test measures a part of it again. So asking a question runs no law.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from services.aids.catalogue import FOLDER
from services.aids.household import TENANTS, Household
from services.aids.variants import Question

UNKNOWN: Final = "?"
# Households that a context needs before its own measures count; below, a wider context is read.
ENOUGH: Final = 12
# No answer to these starts the chain of the others.
FIRST: Final = ("logement", "activite", "revenus", "naissance", "couple", "enfants")


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
    measured: Mapping[str, Mapping[str, list[float]]] = table()["contexts"]
    for key in wider(context(household)):
        mean, count = measured.get(key, {}).get(question.key, (0.0, 0))
        if count >= ENOUGH:
            return float(mean)
    return 0.0


def sort(household: Household, questions: Iterable[Question]) -> list[Question]:
    """Sort by effect. The questions that every household is asked come first, as nothing can be said without them."""
    return sorted(questions, key=lambda question: (question.key not in FIRST, -effect(question, household)))
