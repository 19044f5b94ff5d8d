"""Populations of which one variable has other values, for a published formula that reads it; months since a birthday.

Imported with the engine only. OpenFisca is untyped.
"""

from typing import Any

from numpy import datetime64
from openfisca_core.periods import Period
from openfisca_core.populations import ADD

#: What is left of wages and of what replaces them, after the deduction of 10 % (article 83 3° of the tax code).
AFTER_COSTS = 0.9


class Instead:
    """A population of which one variable has other values."""

    def __init__(self, population: Any, name: str, values: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._population, self._name, self._values = population, name, values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
        return getattr(self._population, name)

    def __call__(self, name: str, period: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - numpy column
        return self._values if name == self._name else self._population(name, period, *args, **options)


class WithMembers:
    """A family of which the members have other values of one variable."""

    def __init__(self, family: Any, name: str, values: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._family, self.members = family, Instead(family.members, name, values)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
        return getattr(self._family, name)

    def __call__(self, name: str, period: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - numpy column
        return self._family(name, period, *args, **options)


class OfFamily:
    """Persons whose family has other values of one variable."""

    def __init__(self, persons: Any, name: str, values: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._persons, self.famille = persons, Instead(persons.famille, name, values)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
        return getattr(self._persons, name)

    def __call__(self, name: str, period: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - numpy column
        return self._persons(name, period, *args, **options)


def count_months_since(persons: Any, period: Period, years: int) -> Any:  # noqa: ANN401 - numpy column
    """Return how many months after that of a birthday the month is: 0 in it, negative before."""
    born = persons("date_naissance", period).astype("datetime64[M]")
    return (datetime64(str(period.start)[:7]) - born).astype(int) - 12 * years


def sum_of_year(individu: Any, name: str, year: Period) -> Any:  # noqa: ANN401 - numpy column
    """Return the sum of twelve months of an income that stock reads by its line of a tax return only."""
    return individu(name, year, options=[ADD])
