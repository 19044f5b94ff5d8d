"""The number of contributions as milestones, from noisy daily increments: all that an open consultation says of it."""

import math
from collections.abc import Sequence

from campaigns.noise import budget
from campaigns.noise.refusals import COUNTER_RHO

#: 50, 100, 250, 500 and so on, to a million.
MILESTONES = (50, *(round(digits * 10**power) for power in range(2, 6) for digits in (1, 2.5, 5)), 1_000_000)
#: Standard deviations of the sum by which it must be above a milestone: alone, noise passes almost none.
MARGIN = 2


def sigma() -> float:
    """Return the noise of one increment. One contribution moves one increment by one."""
    return budget.sigma(1, COUNTER_RHO)


def passed(increments: Sequence[int]) -> int:
    """Return the highest milestone that the sum has passed by its margin, or 0."""
    least = sum(increments) - MARGIN * sigma() * math.sqrt(len(increments))
    return max((one for one in MILESTONES if one <= least), default=0)
