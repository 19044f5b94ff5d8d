"""Find the exact income at which an aid starts or stops: run copies of the household with scaled incomes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.aids.asking.changes import AFTER_ALLOWANCE, income
from services.aids.engine import run as engine
from services.aids.household import Household, Income, months
from services.aids.reasons.common import Context

STEPS: Final = 60
HIGHEST_WITHOUT_INCOME: Final = 4000.0
AT_MOST: Final = 3.0


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Monthly net incomes of the household, in euros. `now` is the current income."""

    now: float
    stops_above: float | None
    starts_above: float | None


def monthly(household: Household) -> float:
    """Return the mean income of the three months that the CAF reads."""
    span = months.between(months.shift(household.month, -4), months.shift(household.month, -2))
    return sum(
        one.net
        for person in household.people
        for month in span
        for one in person.incomes or ()
        if one.first <= month <= one.last
    ) / len(span)


def scaled(household: Household, share: float) -> Household:
    """Multiply all incomes and notices by `share`. Without income, give the applicant a wage."""
    if monthly(household) == 0:
        return _with_wage(household, share * HIGHEST_WITHOUT_INCOME / AT_MOST)
    people = tuple(
        replace(person, incomes=tuple(_times(one, share) for one in person.incomes or ()))
        for person in household.people
    )
    notices = tuple(
        replace(notice, rfr=notice.rfr * share, rni=_maybe(notice.rni, share), rbg=_maybe(notice.rbg, share))
        for notice in household.tax_notices or ()
    )
    return replace(household, people=people, tax_notices=notices)


def _with_wage(household: Household, net: float) -> Household:
    wage = income("salary", net, household)
    yearly = 12 * (wage.taxable or 0.0) * AFTER_ALLOWANCE
    notices = tuple(replace(notice, rfr=notice.rfr + yearly) for notice in household.tax_notices or ())
    applicant = household.applicant
    status = "employed" if applicant.status in {"inactive", "unemployed"} and net else applicant.status
    return replace(
        household.with_person(applicant.id, incomes=(*(applicant.incomes or ()), wage), status=status),
        tax_notices=notices,
    )


def _times(one: Income, share: float) -> Income:
    return replace(one, net=one.net * share, taxable=_maybe(one.taxable, share), gross=_maybe(one.gross, share))


def _maybe(value: float | None, share: float) -> float | None:
    return None if value is None else value * share


def find(household: Household, amount: Callable[[Context], float], *, stock: bool = False) -> BreakEven | None:
    """Find the incomes in two runs: a grid up to three times the current incomes, then finer steps around each change.

    Return None if the aid never starts or stops.
    """
    shares = [AT_MOST * rank / STEPS for rank in range(STEPS + 1)]
    paid = _paid(household, shares, amount, stock)
    edges = [rank for rank in range(STEPS) if paid[rank] != paid[rank + 1]]
    if not edges:
        return None
    finer = [
        shares[edge] + (shares[edge + 1] - shares[edge]) * step / STEPS for edge in edges for step in range(STEPS + 1)
    ]
    fine = _paid(household, finer, amount, stock)
    scale = monthly(household) or HIGHEST_WITHOUT_INCOME / AT_MOST
    stops = [
        finer[rank] * scale
        for rank in range(len(finer) - 1)
        if fine[rank] and not fine[rank + 1] and finer[rank] < finer[rank + 1]
    ]
    starts = [
        finer[rank + 1] * scale
        for rank in range(len(finer) - 1)
        if not fine[rank] and fine[rank + 1] and finer[rank] < finer[rank + 1]
    ]
    return BreakEven(round(monthly(household), 2), max(stops, default=None), min(starts, default=None))


def _paid(household: Household, shares: list[float], amount: Callable[[Context], float], stock: bool) -> list[bool]:
    run = engine.run([scaled(household, share) for share in shares], stock=stock)
    return [amount(Context(run, row, stock)) > 0 for row in range(len(shares))]
