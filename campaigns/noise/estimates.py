"""One noisy figure for each total, whichever table it is read from: least squares over all that measured it.

Two tables that both count residents by mode measured the same numbers twice. Both are unbiased with independent
noise, so their weighted mean by the inverse of the variance has less noise than either. Only tables that count each
resident once, over “not given” as well, take part.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from campaigns.noise import budget
from campaigns.noise.plan import Plan, Table

Key = tuple[str, ...]


@dataclass(frozen=True)
class Estimate:
    """Noisy numbers of residents over some dimensions, in the order of their cells, with the noise of each."""

    values: Any = field(repr=False)
    noise: float


def counted_once(table: Table) -> bool:
    return table.per_resident == 1 and table.measure is None


def margins(plan: Plan) -> dict[Key, list[Table]]:
    """Return the sets of dimensions whose totals are known, and the tables that measured each."""
    found: dict[Key, list[Table]] = {}
    for table in filter(counted_once, plan.tables):
        for length in range(len(table.dimensions) + 1):
            for part in combinations(table.dimensions, length):
                found.setdefault(tuple(sorted(part)), []).append(table)
    return found


def noise_of(plan: Plan, key: Key) -> float:
    """Return the noise of a margin, from the plan alone."""
    return math.sqrt(1 / math.fsum(weight for _table, weight in _weights(plan, key)))


def _weights(plan: Plan, key: Key) -> Iterator[tuple[Table | None, float]]:
    for table in margins(plan).get(key, []):
        summed = plan.size(table) / math.prod(len(plan.dimension(code).cells) + 1 for code in key)
        yield table, 1 / (summed * budget.count_sigma(table) ** 2)
    if not key:
        yield None, 1 / budget.check_sigma() ** 2


def estimate(plan: Plan, key: Key, noisy: Mapping[str, Any], check: float) -> Estimate:
    """Combine the noisy vectors of all tables into the totals over `key`, in the order of `key`.

    Args:
        noisy: the noisy counts of each table, by its code.
        check: the noisy number of contributions, which measured the total over nothing.
    """
    import numpy as np  # imported here: a preview of a plan, which most processes load, needs none

    total: Any = 0.0
    weights = list(_weights(plan, key))
    for table, weight in weights:
        values = np.array([check]) if table is None else _summed(plan, table, key, noisy[table.code])
        total = total + weight * np.asarray(values, dtype=float)
    return Estimate(total / math.fsum(weight for _table, weight in weights), noise_of(plan, key))


def _summed(plan: Plan, table: Table, key: Key, vector: Any) -> Any:  # noqa: ANN401 - numpy has no types here
    import numpy as np

    shaped = np.asarray(vector).reshape(plan.shape(table))
    away = tuple(axis for axis, code in enumerate(table.dimensions) if code not in key)
    left = [code for code in table.dimensions if code in key]
    summed = shaped.sum(axis=away) if away else shaped
    return np.transpose(summed, [left.index(code) for code in key]).reshape(-1) if left else np.array([summed])
