"""What a check found, and what differs from the last one. Pure: reading, sealing and writing are for the verbs.

An outcome has the rights that are sure (the lowest amount of each, whatever is still unanswered) and what they were
computed from, so that a change can be explained without keeping a value.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from services.watch.enums import Kind

#: A new amount is told from so many euros on, and so much of the former one.
LEAST_EUROS: Final = Decimal(10)
LEAST_PART: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Right:
    """A right that is sure. `amount` is None without money; `version` and `label` are those of a local aid."""

    amount: str | None
    unit: str
    receiving: bool = False
    label: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a check was made from: a digest of the records of each type, the month, the law, each person's age."""

    records: Mapping[str, str] = field(default_factory=dict)
    month: str = ""
    law: str = ""
    ages: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    rights: Mapping[str, Right]
    inputs: Inputs

    def note(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Change:
    """One aid that changed. `before` is the former amount."""

    kind: Kind
    code: str
    right: Right
    before: str | None = None


def from_note(note: Mapping[str, Any]) -> Outcome:
    rights = {code: Right(**right) for code, right in note["rights"].items()}
    return Outcome(rights, Inputs(**note["inputs"]))


def digest(ids: Sequence[str]) -> str:
    return hashlib.sha256("|".join(sorted(ids)).encode()).hexdigest()[:16]


def changes(before: Outcome, after: Outcome) -> list[Change]:
    """Return what to tell. What the resident receives already is no news, and its amount is for whoever pays it."""
    return [*_appeared(before, after), *_stopped(before, after), *_moved(before, after)]


def _appeared(before: Outcome, after: Outcome) -> Iterator[Change]:
    for code, right in after.rights.items():
        if code not in before.rights and not right.receiving:
            yield Change(Kind.NEW, code, right)


def _stopped(before: Outcome, after: Outcome) -> Iterator[Change]:
    for code, right in before.rights.items():
        if code not in after.rights:
            yield Change(Kind.GONE, code, right)


def _moved(before: Outcome, after: Outcome) -> Iterator[Change]:
    for code, right in after.rights.items():
        former = before.rights.get(code)
        if former is None or former.amount is None or right.amount is None or former.unit != right.unit:
            continue
        was, now = Decimal(former.amount), Decimal(right.amount)
        if right.receiving or abs(now - was) < max(LEAST_EUROS, was * LEAST_PART):
            continue
        yield Change(Kind.MORE if now > was else Kind.LESS, code, right, before=former.amount)


def causes(before: Outcome, after: Outcome, change: Change) -> list[dict[str, Any]]:
    """Return what differs since the last check: values, ages, the month, the aid's rules, the law."""
    found: list[dict[str, Any]] = []
    former = before.rights.get(change.code)
    was, now = before.inputs, after.inputs
    changed = sorted(code for code in {*was.records, *now.records} if was.records.get(code) != now.records.get(code))
    found += [{"cause": "records", "type": code} for code in changed]
    for person, (name, age) in now.ages.items():
        if person in was.ages and age is not None and was.ages[person][1] != age:
            found.append({"cause": "age", "name": name, "age": age})
    if change.right.version and former is not None and former.version != change.right.version:
        found.append({"cause": "rules"})
    if change.right.version and change.kind == Kind.NEW and not found:
        found.append({"cause": "rules"})
    if was.month != now.month:
        found.append({"cause": "month"})
    if not found and was.law != now.law:
        found.append({"cause": "law"})
    return found
