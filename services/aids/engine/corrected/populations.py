"""What the corrected formulas share: a population seen otherwise, months since a birthday, sums of a year.

Imported with the engine only. OpenFisca is untyped.
"""

from collections.abc import Mapping
from typing import Any

from numpy import datetime64
from openfisca_core.periods import Period
from openfisca_core.populations import ADD

#: What is left of wages and of what replaces them, after the deduction of 10 % (article 83 3° of the tax code).
AFTER_COSTS = 0.9


class Instead:
    """A population that a published formula sees with other values of some variables, or other relatives.

    Args:
        values: the values of a variable, by its name, whatever the month that is asked.
        relatives: `members` of a family, or the `famille` of a person.
    """

    def __init__(self, population: Any, values: Mapping[str, Any] | None = None, **relatives: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._population, self._values = population, values or {}
        self.__dict__.update(relatives)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
        return getattr(self._population, name)

    def __call__(self, name: str, period: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - numpy column
        return self._values[name] if name in self._values else self._population(name, period, *args, **options)


def count_months_since(persons: Any, period: Period, years: int) -> Any:  # noqa: ANN401 - numpy column
    """Return how many months after that of a birthday the month is: 0 in it, negative before."""
    born = persons("date_naissance", period).astype("datetime64[M]")
    return (datetime64(str(period.start)[:7]) - born).astype(int) - 12 * years


def sum_of_year(individu: Any, name: str, year: Period) -> Any:  # noqa: ANN401 - numpy column
    """Return the sum of twelve months of an income that stock reads by its line of a tax return only."""
    return individu(name, year, options=[ADD])
