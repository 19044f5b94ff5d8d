"""Check a local aid before it is saved: its schema, then the test cases written by its author."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import jsonschema
from django.utils.translation import gettext as _

from services.aids import catalogue, local

MOST_PROBLEMS: Final = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One test case: its expected outcome and the rule's outcome."""

    persona: str
    expected: str
    found: str
    as_expected: bool


@lru_cache(maxsize=1)
def _validator() -> Any:  # noqa: ANN401 - jsonschema is untyped
    whole = catalogue.schema("local_aids")
    return jsonschema.Draft202012Validator({**whole["properties"]["aids"]["items"], "$defs": whole["$defs"]})


def problems(rule: Mapping[str, Any]) -> list[str]:
    """Return the schema errors as sentences that name the place."""
    found = sorted(_validator().iter_errors(rule), key=lambda error: list(map(str, error.absolute_path)))
    return [
        _("%(place)s : %(problem)s") % {"place": _place(error), "problem": error.message[:200]}
        for error in found[:MOST_PROBLEMS]
    ]


def _place(error: Any) -> str:  # noqa: ANN401 - jsonschema is untyped
    return "/".join(str(step) for step in error.absolute_path) or _("la racine")


def trials(rule: Mapping[str, Any]) -> list[Trial]:
    return [_trial(rule, test) for test in rule.get("tests", ())]


def _trial(rule: Mapping[str, Any], test: Mapping[str, Any]) -> Trial:
    outcome = local.evaluate(rule, test["facts"], _day(rule))
    expected, amount = test["expect"]["status"], test["expect"].get("amount")
    same = outcome.status == expected and outcome.amount == amount
    return Trial(test["persona"], _outcome_text(expected, amount), _outcome_text(outcome.status, outcome.amount), same)


def _day(rule: Mapping[str, Any]) -> date:
    """Return the evaluation day of the cases: the first day of the review month, moved within the aid's dates."""
    reviewed = date.fromisoformat(rule["review_on"])
    opened = date.fromisoformat(rule["valid_from"])
    shortly_before = date(reviewed.year, reviewed.month, 1) if reviewed > opened else opened
    return max(
        opened, min(shortly_before, date.fromisoformat(rule["valid_to"])) if rule.get("valid_to") else shortly_before
    )


def _outcome_text(status: str, amount: float | None) -> str:
    words = {
        "granted": _("accordée"),
        "refused": _("refusée"),
        "unknown": _("donnée manquante"),
        "to_check": _("à vérifier à la main"),
    }
    return words[status] if amount is None else f"{words[status]} ({amount:g})"
