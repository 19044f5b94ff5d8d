"""Judge whether a run reached its goal, and whether a soak was flat."""

import statistics
from collections.abc import Sequence

from bench.crowd.portal import Look, Run, percentile

GOAL_RESIDENTS, GOAL_P95 = 50, 400
#: Of a soak: the part that warms up, and how much the memory and the connections may move after it.
WARM_PART, MOVES, CONNECTIONS = 0.2, 0.05, 2


def faults(one: Run) -> list[str]:
    if one.residents != GOAL_RESIDENTS:
        return []
    name = f"{one.residents} residents, web × {one.web}"
    late = percentile(one.times(), 0.95)
    found = [f"{name}: {len(one.errors)} errors"] if one.errors else []
    return found + ([f"{name}: p95 {late:.0f} ms, over {GOAL_P95}"] if late > GOAL_P95 else [])


def thirds(looks: Sequence[Look]) -> dict[str, tuple[float, float]]:
    """Return the medians of the first and of the last third of a soak, without what warms up."""
    kept = looks[int(WARM_PART * len(looks)) :]
    third = max(1, len(kept) // 3)
    return {
        name: (
            statistics.median(getattr(look, name) for look in kept[:third]),
            statistics.median(getattr(look, name) for look in kept[-third:]),
        )
        for name in ("web", "workers", "connections")
    }


def is_moved(name: str, before: float, after: float) -> bool:
    most = CONNECTIONS if name == "connections" else MOVES * before
    return abs(after - before) > most
