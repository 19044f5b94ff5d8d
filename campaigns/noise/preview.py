"""The precision to expect of a plan before anybody contributes: in closed form, from public figures.

Residents are supposed to fall into cells by the public population of zones and the `expected` shares of choices,
equal where the plan gives none, and independently of each other. Means are supposed half way between the middle of
their bounds and one of them.
"""

import math
from dataclasses import dataclass
from itertools import product

from campaigns.noise import budget, estimates, intervals
from campaigns.noise.plan import Dimension, Plan, Table

#: Numbers of contributors for which a plan is previewed.
NUMBERS = (300, 1_000, 10_000)
#: Numbers that a cell may have, in standard deviations of sampling, with their weights (Gauss-Hermite).
POINTS = ((0.0, 0.53333), (1.35563, 0.22208), (-1.35563, 0.22208), (2.85697, 0.01126), (-2.85697, 0.01126))
#: How far from the middle of its bounds a mean is supposed, as a part of half the distance between them.
AWAY = 0.5
#: Cells of a table whose sampling is looked at cell by cell.
FEW = 400


@dataclass(frozen=True)
class Expected:
    """The precision to expect of one table for a number of contributors.

    Attributes:
        shown: the expected number of cells shown, of `cells` (without “not given”).
        error: the median error of shown cells due to noise and rounding: a share of their true count, or in the
            measure's unit of means; None if no cell is expected.
        margin: as `error`, which it exceeds 5 times in 100.
        chances: the probability of each cell to be shown, in the order of the table without “not given”.
    """

    contributors: int
    cells: int
    shown: float
    error: float | None
    margin: float | None
    chances: tuple[float, ...]


def numbers_of(plan: Plan) -> tuple[int, ...]:
    """Return the numbers of contributors for which a plan is previewed: of a group, half of it and all of it."""
    return (plan.group.invited // 2, plan.group.invited) if plan.group else NUMBERS


def usual(plan: Plan) -> int:
    """Return the number for which a preview is said in one sentence: a thousand, or the whole group."""
    return plan.group.invited if plan.group else NUMBERS[1]


def expected(plan: Plan, table: Table, contributors: int) -> Expected:
    noise = budget.count_sigma(table)
    if estimates.counted_once(table):
        noise = estimates.noise_of(plan, tuple(sorted(table.dimensions)))
    least = budget.threshold(noise)
    found = [contributors * share for share in shares(plan, table)]
    chances, laws = [], []
    for mean, share in zip(found, shares(plan, table), strict=True):
        spread = math.sqrt(mean * max(1 - share, 0))
        chances.append(intervals.survival((least - 0.5 - mean) / math.hypot(spread, noise)))
        # A large table is one point each: its cells are many enough to be spread themselves.
        points = POINTS if len(found) <= FEW else ((0.0, 1.0),)
        laws += [(mean + spread * place, weight) for place, weight in points if mean + spread * place > 0]
    law = [(count, weight * _shown(count, noise, least)) for count, weight in laws]
    error, margin = (_quantile(plan, table, law, noise, least, part) for part in (0.5, 0.95))
    return Expected(contributors, len(chances), math.fsum(chances), error, margin, tuple(chances))


def shares(plan: Plan, table: Table) -> list[float]:
    """Return the share of contributors expected in each cell, without “not given”.

    With several cells a resident, each is supposed to draw from one to `per_resident` of them, equally likely.
    """
    parts = [_shares(plan.dimension(code)) for code in table.dimensions]
    found = [math.prod(one) for one in product(*parts)]
    if table.per_resident == 1:
        return found
    # 1 - (1 - p)^m: different cells that m draws touch.
    draws = range(1, table.per_resident + 1)
    return [1 - math.fsum((1 - share) ** m for m in draws) / table.per_resident for share in found]


def _shares(dimension: Dimension) -> list[float]:
    known = [cell.expected for cell in dimension.cells]
    left = max(0.0, 1 - sum(one for one in known if one is not None))
    unknown = sum(one is None for one in known)
    filled = [left / unknown if one is None else one for one in known]
    whole = math.fsum(filled) or 1.0
    return [one / whole for one in filled]


def _width(plan: Plan, table: Table, noise: float, count: float, least: int) -> float:
    """Return the noise of a published figure before it is divided by the count, rounding included.

    Of a mean: the noise of its sum and that of its count, which is larger in a cell that luck alone shows.
    """
    if not table.measure:
        return math.hypot(noise, budget.rounding(noise) / math.sqrt(12))
    measure = plan.measure(table.measure)
    cut = (least - 0.5 - count) / noise
    density = math.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi)
    of_count = noise * math.sqrt(max(0.0, 1 + cut * density / max(intervals.survival(cut), 1e-12)))
    return math.hypot(budget.sum_sigma(plan, table), of_count * measure.steps * AWAY) * measure.step / 2


def _shown(count: float, noise: float, least: int) -> float:
    return intervals.survival((least - 0.5 - count) / noise)


def _quantile(
    plan: Plan, table: Table, law: list[tuple[float, float]], noise: float, least: int, part: float
) -> float | None:
    """Return the error of shown cells that this part of them does not exceed; of small ones only lucky ones are shown,
    whose error is larger.
    """
    whole = math.fsum(weight for _count, weight in law)
    if whole < 0.5:
        return None
    known = [
        # A mean is divided by the noisy count, which is never under the threshold.
        (max(count, least) / _width(plan, table, noise, count, least), None, weight)
        if table.measure
        else (count / _width(plan, table, noise, count, least), (least - 0.5 - count) / noise, weight)
        for count, weight in law
        if weight > 1e-6
    ]
    low, high = 0.0, 100.0
    for _step in range(24):
        middle = (low + high) / 2
        within = math.fsum(weight * _within(middle * reach, cut) for reach, cut, weight in known)
        low, high = (low, middle) if within >= whole * part else (middle, high)
    return high


def _within(reach: float, cut: float | None) -> float:
    """Return P(|Z| ≤ reach), of a normal law that is known to be above `cut`."""
    if cut is None:
        return 1 - 2 * intervals.survival(reach)
    lowest = max(cut, -reach)
    return max(0.0, intervals.survival(lowest) - intervals.survival(reach)) / max(intervals.survival(cut), 1e-12)
