"""Checks for impossible values that a schema accepts, such as a birth date in the future."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from vault.types import catalogue
from vault.types.spans import read_day

OLDEST = 130
YOUNGEST_PARENT = 10
YEARS = ("annee_revenus", "annee")
OLDEST_YEAR = 1900


def implausible(type_code: str, payload: Mapping[str, Any]) -> list[str]:
    """Return one sentence per impossible value. The resident reads them before the record is written."""
    return [*_calendar(payload), *_of_type(type_code, payload)]


def _calendar(payload: Mapping[str, Any]) -> list[str]:
    """Find a year with a digit too many."""
    years = [payload[name] for name in YEARS if isinstance(payload.get(name), int)]
    latest = timezone.localdate().year + 1
    return [_("Écrivez une date qui existe, comme 31 3 1988.") for year in years if not OLDEST_YEAR <= year <= latest][
        :1
    ]


def _of_type(type_code: str, payload: Mapping[str, Any]) -> list[str]:
    if type_code == "foyer.composition":
        return _household(payload)
    if type_code == "identite.pivot":
        return _birth(str(payload.get("given_name", "")), read_day(payload.get("birthdate")))
    return _amounts(catalogue.get(type_code).rules.never_negative, payload)


def _household(payload: Mapping[str, Any]) -> list[str]:
    adults = [
        (member.get("prenoms", ""), read_day(member.get("date_naissance")))
        for member in payload.get("allocataires", [])
    ]
    children = [
        (child.get("prenoms", ""), read_day(child.get("date_naissance"))) for child in payload.get("enfants", [])
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
    if born > today:
        return [_("La date de naissance de %(name)s est dans le futur.") % {"name": name}]
    if _years(born, today) > OLDEST:
        return [_("La date de naissance de %(name)s est trop ancienne.") % {"name": name}]
    return []


def _amounts(never_negative: Sequence[str], payload: Mapping[str, Any]) -> list[str]:
    return [_("Un revenu ne peut pas être négatif.") for name in never_negative if _number(payload.get(name)) < 0][:1]


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
