"""Checks for impossible and unusual values that a schema accepts, such as a birth date in the future.

They catch typing mistakes. A value that its holder signed or sent is what it is, however unusual.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from vault.types import catalogue
from vault.types.spans import read_day

OLDEST = 130
YOUNGEST_PARENT = 10
#: Ages that exist and are rare: whoever writes one is asked again.
ODD_AGE = 105
ODD_ADULT, ODD_RETIRED, ODD_CHILD = 16, 50, 30
ODD_PARENT = (15, 60)
BIRTHS = ("birthdate", "date_naissance")
#: The day when a child is expected: at most this long ago, or ahead.
DUE_DATE = "date_terme"
LATEST_BIRTH, PREGNANCY = timedelta(days=60), timedelta(days=310)
#: The fields that hold a year, with the oldest one that is possible. The latest is next year.
OLDEST_YEARS = {"annee_revenus": 1900, "annee": 1900, "annee_calcul": 1900, "annee_construction": 1000}
#: A number is impossible beyond this many times the ends of its usual range.
BEYOND = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One of a household whose birth is known."""

    born: date
    is_child: bool = False
    is_retired: bool = False


def find_impossible_parent(members: Sequence[Member]) -> str:
    """Return a sentence if no adult of the household can be a child's parent, else ""."""
    adults = [one.born for one in members if not one.is_child]
    children = [one.born for one in members if one.is_child]
    if adults and children and _years(min(adults), min(children)) < YOUNGEST_PARENT:
        return _("Aucun adulte du foyer n’est assez âgé pour être le parent d’un enfant. Vérifiez les dates.")
    return ""


def find_odd(members: Sequence[Member]) -> list[str]:
    """Return one sentence for each thing of a household that is possible and rare, such as a retired person of 34."""
    today = timezone.localdate()
    adults = [one for one in members if not one.is_child]
    children = [one.born for one in members if one.is_child]
    found = []
    for one in adults:
        age = _years(one.born, today)
        if not ODD_ADULT <= age <= ODD_AGE:
            found.append(_("Un adulte du foyer aurait %(age)s ans.") % {"age": age})
        if one.is_retired and age < ODD_RETIRED:
            found.append(_("Une personne à la retraite aurait %(age)s ans.") % {"age": age})
    for age in (_years(born, today) for born in children):
        if age > ODD_CHILD:
            found.append(_("Un enfant à charge aurait %(age)s ans.") % {"age": age})
    for born in children if adults else []:
        eldest, youngest = (_years(pick(one.born for one in adults), born) for pick in (min, max))
        if eldest < ODD_PARENT[0] or youngest > ODD_PARENT[1]:
            age = eldest if eldest < ODD_PARENT[0] else youngest
            found.append(_("À la naissance d’un enfant, un parent aurait eu %(age)s ans.") % {"age": age})
    return found


@dataclass(frozen=True, slots=True)
class Doubts:
    """What an answer makes of a household: impossible, or odd until the resident confirms it."""

    impossible: str = ""
    odd: tuple[str, ...] = ()


def find_doubts(before: Sequence[Member], after: Sequence[Member]) -> Doubts:
    """Return what an answer makes impossible or odd in a household, and nothing that was so before it."""
    impossible, known = find_impossible_parent(after), set(find_odd(before))
    if impossible and not find_impossible_parent(before):
        return Doubts(impossible)
    return Doubts(odd=tuple(dict.fromkeys(text for text in find_odd(after) if text not in known)))


def implausible(type_code: str, payload: Mapping[str, Any], typed: Collection[str]) -> list[str]:
    """Return one sentence per impossible value. The resident reads them before the record is written.

    Args:
        typed: the fields that no holder proves. The others are not checked.
    """
    if type_code == "foyer.composition":
        return _household(payload) if {"allocataires", "enfants"} & set(typed) else []
    if type_code == "identite.pivot":
        born = first_day(payload.get("birthdate")) if "birthdate" in typed else None
        return _birth(str(payload.get("given_name", "")), born)
    fields = catalogue.get(type_code).fields
    numbers = [fields[f"/{name}"] for name in typed if payload.get(name) is not None and f"/{name}" in fields]
    problems = [impossible_number(info, payload[info.pointer[1:]]) for info in numbers]
    return list(dict.fromkeys(problem for problem in problems if problem))


def impossible(info: catalogue.FieldInfo, value: Any) -> str:  # noqa: ANN401 - of a payload
    """Return a sentence if one answer is impossible by itself, else ""."""
    return _impossible_day(info, first_day(value)) if "date" in info.kind else impossible_number(info, value)


def impossible_number(info: catalogue.FieldInfo, value: Any) -> str:  # noqa: ANN401 - of a payload
    """Return a sentence if a number or a year is impossible, else ""."""
    amount = _number(value)
    if amount is None:
        return ""
    if (oldest := OLDEST_YEARS.get(_name(info))) is not None:
        possible = oldest <= amount <= timezone.localdate().year + 1
        return "" if possible else _("Écrivez une année qui existe, comme 2024.")
    usual = _usual(info)
    if usual is None:
        return ""
    low, high = usual
    if amount < 0 <= low:
        if info.unit.startswith("EUR"):
            return _("Ce montant ne peut pas être négatif.")
        return _("Ce nombre ne peut pas être négatif.")
    if abs(amount) > BEYOND * max(abs(low), abs(high)):
        return _("Ce nombre est trop grand pour être juste. Vérifiez ce que vous avez écrit.")
    return ""


def is_unusual(info: catalogue.FieldInfo, value: Any) -> bool:  # noqa: ANN401 - of a payload
    """Return whether a number is outside its usual range, or a birth very old: the resident confirms it first."""
    if _name(info) in BIRTHS:
        born = first_day(value)
        return born is not None and _years(born, timezone.localdate()) > ODD_AGE
    amount, usual = _number(value), _usual(info)
    return amount is not None and usual is not None and not usual[0] <= amount <= usual[1]


def _impossible_day(info: catalogue.FieldInfo, day: date | None) -> str:
    if day is None:
        return ""
    if _name(info) in BIRTHS:
        return next(iter(_birth("", day)), "")
    if _name(info) == DUE_DATE and not -LATEST_BIRTH <= day - timezone.localdate() <= PREGNANCY:
        return _("Écrivez la date prévue, dans les dix mois qui viennent.")
    if _name(info) in catalogue.get(info.type).rules.past and day > timezone.localdate():
        return _("Cette date est dans le futur.")
    return ""


def _household(payload: Mapping[str, Any]) -> list[str]:
    adults = [
        (member.get("prenoms", ""), first_day(member.get("date_naissance")))
        for member in payload.get("allocataires", [])
    ]
    children = [
        (child.get("prenoms", ""), first_day(child.get("date_naissance"))) for child in payload.get("enfants", [])
    ]
    problems = [problem for name, born in [*adults, *children] for problem in _birth(name, born)]
    oldest = min((born for _name, born in adults if born), default=None)
    for name, born in children:
        if born and oldest and _years(oldest, born) < YOUNGEST_PARENT:
            problems.append(
                _("%(name)s ne peut pas être l’enfant : aucun adulte du foyer n’est assez âgé.") % {"name": name}
            )
    return problems


def _birth(name: str, born: date | None) -> list[str]:
    if born is None:
        return []
    today = timezone.localdate()
    if born > today and not name:
        return [_("Cette date de naissance est dans le futur.")]
    if born > today:
        return [_("La date de naissance de %(name)s est dans le futur.") % {"name": name}]
    if _years(born, today) > OLDEST and not name:
        return [_("Cette date de naissance est trop ancienne.")]
    if _years(born, today) > OLDEST:
        return [_("La date de naissance de %(name)s est trop ancienne.") % {"name": name}]
    return []


def _usual(info: catalogue.FieldInfo) -> tuple[Decimal, Decimal] | None:
    found = catalogue.get(info.type).rules.usual.get(_name(info))
    return (Decimal(str(found[0])), Decimal(str(found[1]))) if found else None


def _name(info: catalogue.FieldInfo) -> str:
    return info.id.rpartition("/")[2]


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def first_day(value: object) -> date | None:
    """Return the first possible day of a date whose month or day may be unknown, written 00."""
    return read_day(str(value or "").replace("-00", "-01"))


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
