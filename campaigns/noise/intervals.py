"""Intervals that contain the true value 95 times in 100, also for cells that are shown only because they are large.

They cover the noise that was added. They say nothing of those who did not take part.
"""

import math
from collections.abc import Callable
from functools import lru_cache

Z = 1.959964
#: As `Z`, of 97.5 times in 100: two such intervals hold together 95 times.
Z_EACH = 2.241403
#: Standard deviations above the threshold from which a count is no longer there by luck.
CLEAR = 3


def survival(value: float) -> float:
    """Return P(Z > value) of a standard normal law."""
    return math.erfc(value / math.sqrt(2)) / 2


@lru_cache(maxsize=50_000)
def of_shown_count(noisy: int, noise: float, least: int, tail: float = 0.025) -> tuple[int, int]:
    """Return the interval of a count that is shown because its noisy value reached `least`.

    Only lucky cells are shown of small ones, so the law of the noise is cut at `least`: a plain interval would
    contain the true value 85 times in 100 in sparse tables.

    Args:
        tail: the chance that the true value is below the interval, and that it is above.
    """
    reach = math.ceil(6 * noise) + 2
    # Lowest count for which a value as high as this one, among shown ones, has a chance of `tail`.
    low = _first(max(0, noisy - 3 * reach), noisy, lambda true: _at_least(noisy, true, noise, least) > tail)
    high = _first(noisy, noisy + reach, lambda true: _at_most(noisy, true, noise, least) < tail)
    return low, max(noisy, high - 1)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the first number for which a condition that stays true holds, or `high`."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _shown(true: int, noise: float, least: int) -> float:
    return max(survival((least - 0.5 - true) / noise), 1e-300)


def _at_least(noisy: int, true: int, noise: float, least: int) -> float:
    return survival((noisy - 0.5 - true) / noise) / _shown(true, noise, least)


def _at_most(noisy: int, true: int, noise: float, least: int) -> float:
    return 1 - survival((noisy + 0.5 - true) / noise) / _shown(true, noise, least)


def of_shown_mean(total: float, count: int, total_noise: float, count_noise: float, least: int) -> tuple[float, float]:
    """Return the interval of a mean that is shown because its noisy count reached `least`.

    Well above `least`, the cut changes nothing: Fieller's interval. Near it, a lucky count of eight residents stands
    for twenty, and Fieller's would contain the true mean 35 times in 100: the mean is then anywhere between the ends
    of the sum's interval, divided by those of the count's, each wrong 2.5 times in 100. A count that may be of nobody
    has no interval: its ends are infinite.
    """
    if count >= least + CLEAR * count_noise:
        return of_mean(total, count, total_noise, count_noise)
    fewest, most = of_shown_count(count, count_noise, least, tail=0.0125)
    if fewest < 1:
        return -math.inf, math.inf
    ends = total - Z_EACH * total_noise, total + Z_EACH * total_noise
    found = [end / number for end in ends for number in (fewest, most)]
    return min(found), max(found)


def of_mean(total: float, count: float, total_noise: float, count_noise: float) -> tuple[float, float]:
    """Return the interval of total / count, both noisy (Fieller): `count` is well above its noise."""
    squared = count**2 - (Z * count_noise) ** 2
    middle = total * count
    root = math.sqrt(max(middle**2 - squared * (total**2 - (Z * total_noise) ** 2), 0))
    return (middle - root) / squared, (middle + root) / squared


def nice(width: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not above `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    factor = max(one for one in (1, 2, 5) if one * power <= width * (1 + 1e-12))
    return factor * power
