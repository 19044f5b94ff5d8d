"""Change one place of a rule: its groups and conditions, addressed from the root as "0-2-1"."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from core import canonical

GROUPS: Final = ("all", "any", "not")

Rule = dict[str, Any]


class NoPlace(LookupError):
    """The rule has no such place, or it is no group."""


def mark_of(rule: Mapping[str, Any]) -> str:
    """Return what a page keeps of the rule that it showed: a place of another rule may be another condition."""
    return hashlib.sha256(canonical.encode(dict(rule))).hexdigest()[:16]


def kind_of(rule: Mapping[str, Any]) -> str:
    """Return "all", "any" or "not" for a group, and the type of a condition."""
    return next((name for name in GROUPS if name in rule), "") or str(rule["type"])


def members(rule: Mapping[str, Any]) -> list[Rule]:
    """Return what a group has inside, one for "not"."""
    kind = kind_of(rule)
    if kind == "not":
        return [rule["not"]]
    return list(rule[kind]) if kind in GROUPS else []


def at(rule: Rule, place: str) -> Rule:
    """Return the group or condition at a place; the root's place is empty.

    Raises:
        NoPlace
    """
    for step in _steps(place):
        inner = members(rule)
        if step >= len(inner):
            raise NoPlace(place)
        rule = inner[step]
    return rule


def added(rule: Rule, place: str, one: Rule) -> Rule:
    """Return the rule with a condition or a group added at the end of a group. Raises NoPlace."""
    group = at(rule, place)
    kind = kind_of(group)
    if kind not in {"all", "any"}:
        raise NoPlace(place)
    return replaced(rule, place, {kind: [*group[kind], one]})


def replaced(rule: Rule, place: str, one: Rule) -> Rule:
    """Return the rule with something else at a place. Raises NoPlace."""
    at(rule, place)
    return _changed(rule, _steps(place), one)


def removed(rule: Rule, place: str) -> Rule:
    """Return the rule without what is at a place. Without what it excludes, an exception goes too. Raises NoPlace."""
    at(rule, place)
    steps = _steps(place)
    if not steps:
        raise NoPlace(place)
    above = "-".join(map(str, steps[:-1]))
    if kind_of(at(rule, above)) == "not":
        return removed(rule, above)
    return _changed(rule, steps, None)


def group(kind: str) -> Rule:
    """Return an empty group; an exception holds a group of conditions, one of which suffices."""
    return {"not": {"any": []}} if kind == "not" else {kind: []}


def _steps(place: str) -> list[int]:
    parts = place.split("-") if place else []
    if not all(part.isdecimal() and len(part) < 4 for part in parts):
        raise NoPlace(place)
    return [int(part) for part in parts]


def _changed(rule: Rule, steps: list[int], one: Rule | None) -> Rule:
    if not steps:
        return one or rule
    kind, inner = kind_of(rule), members(rule)
    if len(steps) == 1 and one is None:
        del inner[steps[0]]
    else:
        inner[steps[0]] = _changed(inner[steps[0]], steps[1:], one)
    return {"not": inner[0]} if kind == "not" else {kind: inner}
