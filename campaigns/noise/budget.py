"""Noise, threshold, rounding and ε of a plan's ρ, in closed form. OpenDP is not needed to compute them.

The budget is counted in zero-concentrated differential privacy (zCDP): the ρ of tables that count the same resident
add up. `rho` is for all that is published about one resident in one consultation.
"""

import math
from functools import lru_cache

from campaigns.noise.plan import Plan, Table
from campaigns.noise.refusals import CHECK_RHO

#: Of the ε that is shown.
DELTA = 1e-6
#: A total of fewer residents is hidden.
K = 11
#: Most probability that a cell of ten residents is shown.
ALPHA = 0.01
#: A table of means spends this part of its ρ on the numbers of residents, and the rest on the sums.
COUNT_PART = 0.5


def count_rho(table: Table) -> float:
    return table.rho * COUNT_PART if table.measure else table.rho


def sum_rho(table: Table) -> float:
    return table.rho - count_rho(table)


def count_l2(table: Table) -> float:
    """Return how far one resident can move the counts of a table (Euclidean norm)."""
    return math.sqrt(table.per_resident)


def sum_l2(plan: Plan, table: Table) -> float:
    """Return how far one resident can move the sums, counted in half steps from the middle of the bounds."""
    assert table.measure  # noqa: S101 - only tables of means have sums
    return plan.measure(table.measure).steps * math.sqrt(table.per_resident)


def sigma(l2: float, rho: float) -> float:
    """Return the standard deviation of the noise."""
    return l2 / math.sqrt(2 * rho)


def count_sigma(table: Table) -> float:
    return sigma(count_l2(table), count_rho(table))


def sum_sigma(plan: Plan, table: Table) -> float:
    return sigma(sum_l2(plan, table), sum_rho(table))


def check_sigma() -> float:
    """Return the noise of the look at the number of new contributions."""
    return sigma(1, CHECK_RHO)


@lru_cache(maxsize=1_000)
def threshold(noise: float) -> int:
    """Return the smallest noisy count that is shown: a cell of ten residents reaches it once in a hundred times."""
    most = math.ceil(12 * noise) + 1
    weights = [math.exp(-(value**2) / (2 * noise**2)) for value in range(-most, most + 1)]
    tail, whole = 0.0, math.fsum(weights)
    for value in range(most, 0, -1):
        tail += weights[most + value] / whole
        if tail > ALPHA:
            return K + value
    return K


def rounding(noise: float) -> int:
    """Return the base of published counts: no more digits than are known."""
    return 5 if noise < 8 else 10 if noise < 20 else 50


def epsilon(rho: float, delta: float = DELTA) -> float:
    """Return the ε of (ε, δ)-differential privacy (Canonne, Kamath and Steinke, 2020, proposition 12)."""
    low, high = 0.0, rho + 2 * math.sqrt(rho * math.log(1 / delta)) + 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _delta(rho, middle) <= delta else (middle, high)
    return high


def compute_spending(plan: Plan) -> dict[str, float]:
    """Return the ρ, ε and δ of all that a consultation publishes about one resident, as every page and file says it.

    The tables, the looks at their number in each window, and the milestones.
    """
    return {"rho": round(plan.rho, 9), "epsilon": round(epsilon(plan.rho), 4), "delta": DELTA}


def _delta(rho: float, eps: float) -> float:
    """Return the smallest δ over the orders α, by ternary search: its logarithm is convex."""

    def log_delta(log_order: float) -> float:
        order = 1 + math.exp(log_order)
        return (order - 1) * (order * rho - eps) + order * math.log1p(-1 / order) - math.log(order - 1)

    low, high = -7.0, 10.0
    for _ in range(80):
        one, other = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, other) if log_delta(one) < log_delta(other) else (one, high)
    return math.exp(min(log_delta((low + high) / 2), 700))
