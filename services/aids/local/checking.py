"""Check a version of a local aid: its schema, then the test cases written by its author.

A version may be published when each case gives what it expects, and each condition decides at least one case.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django.utils.translation import gettext as _

from core import schemas
from services.aids import catalogue
from services.aids.local import evaluation
from services.aids.local.amounts import AMOUNTS
from services.aids.local.conditions import FACTS, KINDS
from services.aids.local.conditions.kinds import Sort

MOST_PROBLEMS: Final = 8
#: Limits of one aid. Its page shows and tries all of it at once.
MOST_CASES: Final = 100
MOST_CONDITIONS: Final = 60
MOST_DEPTH: Final = 6
#: Bounds of a condition that follow each other.
SPANS: Final = (("min", "max"), ("age_min", "age_max"), ("count_min", "count_max"), ("from", "to"))
#: Years that nobody lives longer than.
OLDEST: Final = 130
#: Rules of the schema that an unfinished draft may break.
TO_WRITE: Final = frozenset({"minItems", "minLength"})


@dataclass(frozen=True, slots=True)
class Trial:
    """One test case: its expected outcome and the rule's outcome."""

    persona: str
    expected: str
    found: str
    as_expected: bool


@lru_cache(maxsize=1)
def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a file of aids, with what the table says of each kind of condition and amount."""
    whole: dict[str, Any] = deepcopy(dict(catalogue.schema("local_aids")))
    *_groups, leaf = whole["$defs"]["condition"]["oneOf"]
    leaf["properties"]["type"] = {"enum": list(KINDS)}
    leaf["allOf"] = [
        {"if": {"properties": {"type": {"const": kind.code}}}, "then": kind.schema}
        for kind in KINDS.values()
        if kind.schema
    ]
    whole["properties"]["aids"]["items"]["properties"]["amount"]["properties"]["kind"] = {"enum": list(AMOUNTS)}
    return whole


@lru_cache(maxsize=1)
def _validator() -> schemas.Validator:
    whole = schema()
    return schemas.validator({**whole["properties"]["aids"]["items"], "$defs": whole["$defs"]})


def problems(rule: Mapping[str, Any]) -> list[str]:
    """Return the schema errors as sentences that name the place."""
    if too_big := oversized(rule):
        return too_big
    found = sorted(_validator().iter_errors(rule), key=lambda error: list(map(str, error.absolute_path)))
    return [
        _("%(place)s : %(problem)s")
        % {"place": schemas.place(error) or _("la racine"), "problem": error.message[:200]}
        for error in found[:MOST_PROBLEMS]
    ]


@lru_cache(maxsize=1)
def _condition_validator() -> schemas.Validator:
    whole = schema()
    return schemas.validator({"$ref": "#/$defs/condition", "$defs": whole["$defs"]})


def condition_problems(rule: Mapping[str, Any]) -> list[str]:
    """Return the schema errors of one condition or group."""
    return [error.message[:200] for error in _condition_validator().iter_errors(rule)]


def structure_problems(rule: Mapping[str, Any]) -> list[str]:
    """Return what is wrong, except for texts and cases that an agent has still to write."""
    if too_big := oversized(rule):
        return too_big
    computed = {"conditions", "amount", "tests", "institution", "audience", "kind", "per", "periodicity", "code"}
    dates = {"valid_from", "valid_to", "review_on"}
    return [
        _("%(place)s : %(problem)s")
        % {"place": schemas.place(error) or _("la racine"), "problem": error.message[:200]}
        for error in _validator().iter_errors(rule)
        if error.validator not in TO_WRITE
        or (error.validator != "minItems" and set(map(str, error.absolute_path)) & (computed | dates))
    ][:MOST_PROBLEMS] + _bad_dates(rule)


def _bad_dates(rule: Mapping[str, Any]) -> list[str]:
    try:
        first, _review = (date.fromisoformat(rule[name]) for name in ("valid_from", "review_on"))
        until = date.fromisoformat(rule["valid_to"]) if rule.get("valid_to") else None
    except (KeyError, TypeError, ValueError):
        return [_("Une date n’existe pas.")]
    return [_("L’aide finit avant de commencer.")] if until and until < first else []


def oversized(rule: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each limit that the aid passes. It is looked at no further."""
    found = []
    tests = rule.get("tests")
    if isinstance(tests, list) and len(tests) > MOST_CASES:
        found.append(
            _(
                "Une aide a %(most)s cas d’essai au plus ; celle-ci en a %(count)s. "
                "Gardez ceux qui changent le résultat."
            )
            % {"most": MOST_CASES, "count": len(tests)}
        )
    if _depth(rule.get("conditions")) > MOST_DEPTH:
        found.append(_("Les groupes s’emboîtent sur %(most)s niveaux au plus.") % {"most": MOST_DEPTH})
    elif count(rule.get("conditions")) > MOST_CONDITIONS:
        found.append(_("Une aide a %(most)s conditions au plus.") % {"most": MOST_CONDITIONS})
    return found


def _groups(rule: object) -> list[Any]:
    if not isinstance(rule, dict):
        return []
    inner = rule.get("all") or rule.get("any") or ([rule["not"]] if "not" in rule else [])
    return inner if isinstance(inner, list) else []


def _depth(rule: object) -> int:
    """Return how deep groups lie in each other, and no more than one level past the limit."""
    level, found = [rule], 0
    while level and found <= MOST_DEPTH:
        level = [inner for one in level for inner in _groups(one)]
        found += bool(level)
    return found


def count(rule: object) -> int:
    """Return how many conditions a rule has."""
    inner = _groups(rule)
    return sum(map(count, inner)) if inner else 1


def trials(rule: Mapping[str, Any]) -> list[Trial]:
    return [_trial(rule, test) for test in rule.get("tests", ())]


def _trial(rule: Mapping[str, Any], test: Mapping[str, Any]) -> Trial:
    outcome = evaluation.evaluate(rule, test["facts"], _day(rule))
    expected, amount = test["expect"]["status"], test["expect"].get("amount")
    same = outcome.status == expected and outcome.amount == amount
    return Trial(test["persona"], outcome_text(expected, amount), outcome_text(outcome.status, outcome.amount), same)


def unturned(rule: Mapping[str, Any]) -> list[str]:
    """Return, in words, the conditions that decide no case: with the opposite answer, every case stays the same."""
    conditions, first = rule["conditions"], _day(rule)
    cases = [(test["facts"], evaluation.day_of(test["facts"], first)) for test in rule.get("tests", ())]
    found = [(facts, day, evaluation.read(conditions, facts, rule, day)) for facts, day in cases]
    return [
        evaluation.condition_text(leaf, rule)
        for leaf in evaluation.leaves(conditions)
        if not any(evaluation.read(conditions, facts, rule, day, leaf) != answer for facts, day, answer in found)
    ]


def is_absurd(condition: Mapping[str, Any]) -> bool:
    """Return whether nobody could ever meet a condition: it ends before it starts, or asks for an age nobody has."""
    pairs = [(condition.get(low), condition.get(high)) for low, high in SPANS]
    ages = [condition.get(name) for name in ("age_min", "age_max")]
    if condition["type"] == "age":
        ages += [condition.get(name) for name in ("value", "min", "max")]
    return any(low is not None and high is not None and low > high for low, high in pairs) or any(
        age is not None and not 0 <= age <= OLDEST for age in ages
    )


def is_given(name: str) -> bool:
    """Return whether the vault, a question or the day of the request gives a fact."""
    fact = FACTS.get(name)
    return fact is not None and (fact.read is not None or fact.asked is not None or fact.sort is Sort.DAY)


def impossible(rule: Mapping[str, Any]) -> list[str]:
    """Return, in words, the conditions that would keep the aid from everybody, and dates in the wrong order."""
    absurd = _("Personne ne remplit « %(condition)s » : vérifiez les bornes.")
    unread = _("Ni le coffre ni une question ne disent « %(condition)s » : personne n’aurait cette aide.")
    found = []
    for leaf in evaluation.leaves(rule["conditions"]):
        words = {"condition": evaluation.condition_text(leaf, rule)}
        if is_absurd(leaf):
            found.append(absurd % words)
        elif not all(map(is_given, KINDS[leaf["type"]].facts_of(leaf, rule))):
            found.append(unread % words)
    return [*found, *_bad_dates(rule)]


def faults(rule: Mapping[str, Any]) -> list[str]:
    """Return why the version cannot be published, each fault named; nothing if it can."""
    if found := problems(rule) or impossible(rule):
        return found
    sentence = _("Le cas « %(persona)s » attend %(expected)s et la règle donne %(found)s.")
    red = [
        sentence % {"persona": one.persona, "expected": one.expected, "found": one.found}
        for one in trials(rule)
        if not one.as_expected
    ]
    idle = _("Aucun cas ne dépend de la condition « %(condition)s ».")
    return red + [idle % {"condition": text} for text in unturned(rule)]


def _day(rule: Mapping[str, Any]) -> date:
    """Return the evaluation day of the cases: the first day of the review month, moved within the aid's dates."""
    reviewed = date.fromisoformat(rule["review_on"])
    opened = date.fromisoformat(rule["valid_from"])
    shortly_before = date(reviewed.year, reviewed.month, 1) if reviewed > opened else opened
    return max(
        opened, min(shortly_before, date.fromisoformat(rule["valid_to"])) if rule.get("valid_to") else shortly_before
    )


def outcome_text(status: str, amount: float | None) -> str:
    words = {
        "granted": _("accordée"),
        "refused": _("refusée"),
        "unknown": _("donnée manquante"),
        "to_check": _("à vérifier à la main"),
    }
    return words[status] if amount is None else f"{words[status]} ({amount:g})"
