"""Bounds on the worst attacker, in closed form: somebody who knows every other contribution and all results.

With zCDP by Gaussian noise, this attacker sees at most one draw of a normal law whose mean differs by μ = √(2ρ)
between two worlds: that a resident took part, or did not.
"""

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def mu(rho: float) -> float:
    return math.sqrt(2 * rho)


def right_between_two(rho: float) -> float:
    """Return how often the attacker names the one of two residents who took part: 0.5 without reading anything."""
    return _NORMAL.cdf(math.sqrt(rho))


def found_at(rho: float, wrongly: float = 0.01) -> float:
    """Return how often they find a participant, if they accept to accuse wrongly with this probability."""
    return _NORMAL.cdf(_NORMAL.inv_cdf(wrongly) + mu(rho))


def right_with_prior(rho: float, prior: float) -> float:
    """Return how often the best guess is right, of somebody who believed at first with probability `prior`."""
    if not 0 < prior < 1:
        return 1.0
    odds, distance = math.log(prior / (1 - prior)), mu(rho)
    return prior * _NORMAL.cdf(distance / 2 + odds / distance) + (1 - prior) * _NORMAL.cdf(
        distance / 2 - odds / distance
    )


def some_found_of(rho: float, targets: int, wrongly: float = 0.01) -> float:
    """Return a bound of finding at least one of several targets, each tried as in `found_at`."""
    return min(1.0, targets * found_at(rho, wrongly))


def all_right_of(rho: float, targets: int) -> float:
    """Return a bound of being right about each of several targets at once: their noise is not shared in the bound."""
    return right_with_prior(rho, 0.5) ** targets


def finds_cell(rho: float, cells: int) -> float:
    """Return how often fake accounts around a resident find which of `cells` equally likely cells is theirs.

    The table's own ρ counts. Integrated over the noise of the true cell, by the trapezoid rule.
    """
    gain, step = mu(rho), 0.01
    return step * math.fsum(
        math.exp(-(value**2) / 2) / math.sqrt(2 * math.pi) * _NORMAL.cdf(value + gain) ** (cells - 1)
        for value in (step * number for number in range(-800, 801))
    )
