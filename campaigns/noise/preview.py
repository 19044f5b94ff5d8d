"""The precision to expect of a plan before anybody contributes: in closed form, from public figures.

Residents are supposed to fall into cells by the public population of zones and the `expected` shares of choices,
equal where the plan gives none, and independently of each other. Means are supposed in the middle of their bounds.
"""

import math
from dataclasses import dataclass
from itertools import product

from campaigns.noise import budget, estimates, intervals
from campaigns.noise.plan import Dimension, Plan, Table

#: Numbers of contributors for which a plan is previewed.
NUMBERS = (300, 1_000, 10_000)
#: Median of the absolute value of a standard normal law.
MEDIAN = 0.67449


@dataclass(frozen=True)
class Expected:
    """The precision to expect of one table for a number of contributors.

    Attributes:
        shown: the expected number of cells shown, of `cells` (without “not given”).
        error: the median error of shown cells due to noise: a share of their count, or in the measure's unit of means;
            None if no cell is expected.
        chances: the probability of each cell to be shown, in the order of the table without “not given”.
    """

    contributors: int
    cells: int
    shown: float
    error: float | None
    chances: tuple[float, ...]


def expected(plan: Plan, table: Table, contributors: int) -> Expected:
    noise = budget.count_sigma(table)
    if estimates.counted_once(table):
        noise = estimates.noise_of(plan, tuple(sorted(table.dimensions)))
    least = budget.threshold(noise)
    chances, errors = [], []
    for share in shares(plan, table):
        mean = contributors * share
        spread = math.sqrt(mean * max(1 - share, 0) + noise**2)
        chance = intervals.survival((least - 0.5 - mean) / spread)
        chances.append(chance)
        # A cell below the threshold is shown when luck carries it there: its error is counted at the threshold.
        errors.append((_error(plan, table, max(mean, least), noise), chance))
    return Expected(contributors, len(chances), math.fsum(chances), _median(errors), tuple(chances))


def shares(plan: Plan, table: Table) -> list[float]:
    """Return the share of contributors expected in each cell, without “not given”.

    With several cells a resident, each is supposed to be in `per_resident` of them, or as many as shares allow.
    """
    parts = [_shares(plan.dimension(code)) for code in table.dimensions]
    found = [math.prod(one) for one in product(*parts)]
    if table.per_resident == 1:
        return found
    # 1 - (1 - p)^m: different cells that m draws touch.
    return [1 - (1 - share) ** table.per_resident for share in found]


def _shares(dimension: Dimension) -> list[float]:
    known = [cell.expected for cell in dimension.cells]
    left = max(0.0, 1 - sum(one for one in known if one is not None))
    unknown = sum(one is None for one in known)
    filled = [left / unknown if one is None else one for one in known]
    whole = math.fsum(filled) or 1.0
    return [one / whole for one in filled]


def _error(plan: Plan, table: Table, mean: float, noise: float) -> float:
    if not table.measure:
        return MEDIAN * noise / mean
    measure = plan.measure(table.measure)
    return MEDIAN * budget.sum_sigma(plan, table) * measure.step / 2 / mean


def _median(errors: list[tuple[float, float]]) -> float | None:
    """Return the median of values weighted by their chance to be shown."""
    whole = math.fsum(weight for _value, weight in errors)
    if whole < 0.5:
        return None
    reached = 0.0
    for value, weight in sorted(errors):
        reached += weight
        if reached >= whole / 2:
            return value
    return None
