"""Noisy numbers as published: hidden or rounded, with their interval. All of it is computed from noisy numbers."""

import math
from collections.abc import Iterable
from typing import Any

from campaigns.noise import budget, intervals
from campaigns.noise.plan import Plan, Table


def total(noisy: float, noise: float) -> dict[str, Any]:
    """Return the number of contributions, with a plain interval: no rule hides it."""
    base = budget.rounding(noise)
    half = intervals.Z * noise
    return {
        "value": max(0, _to(noisy, base)),
        **_ends(max(0.0, noisy - half), max(0.0, noisy + half), base // 5),
        "sigma": round(noise, 4),
    }


def count_cell(at: list[int | None], noisy: float, noise: float) -> dict[str, Any]:
    """Return one cell. A hidden one has no figure at all."""
    least = budget.threshold(noise)
    whole = math.floor(noisy + 0.5)
    if whole < least:
        return {"at": at, "shown": False}
    base = budget.rounding(noise)
    low, high = intervals.of_shown_count(whole, noise, least)
    value = _to(whole, base)
    ends = _ends(min(low, value), max(high, value), base // 5)
    return {"at": at, "shown": True, "value": value, **ends}


def of_counts(plan: Plan, table: Table, values: Iterable[float], noise: float) -> dict[str, Any]:
    cells = [count_cell([*place], value, noise) for place, value in zip(plan.places(table), values, strict=True)]
    return {
        "sigma": round(noise, 4),
        "threshold": budget.threshold(noise),
        "rounding": budget.rounding(noise),
        "cells": cells,
    }


def of_means(plan: Plan, table: Table, counts: Iterable[int], sums: Iterable[int]) -> dict[str, Any]:
    """Return the cells of a table of means: each with the number of residents who gave the measure."""
    noise, sum_noise = budget.count_sigma(table), budget.sum_sigma(plan, table)
    found = of_counts(plan, table, counts, noise)
    cells = []
    for cell, count, of_sum in zip(found["cells"], counts, sums, strict=True):
        if cell["shown"]:
            number = {name: cell[name] for name in ("value", "low", "high")}
            cell = {"at": cell["at"], "shown": True, "count": number} | mean_cell(plan, table, count, of_sum)
        cells.append(cell)
    return found | {"cells": cells, "sum_sigma": round(sum_noise, 4), "totals": []}


def mean_cell(plan: Plan, table: Table, count: int, of_sum: int) -> dict[str, Any]:
    """Return the mean of a shown cell, in the measure’s unit, with its interval and rounding."""
    assert table.measure  # noqa: S101 - only tables of means come here
    measure = plan.measure(table.measure)
    noise, sum_noise = budget.count_sigma(table), budget.sum_sigma(plan, table)
    ends = intervals.of_shown_mean(of_sum, count, sum_noise, noise, budget.threshold(noise))
    # In the measure's unit: sums are in half steps from the middle of the bounds.
    value, low, high = (
        min(max((measure.low + measure.high) / 2 + one * measure.step / 2, measure.low), measure.high)
        for one in (of_sum / count, *ends)
    )
    base = intervals.nice(max((high - low) / 4, measure.step / 10))
    fine = base / 5
    rounded = round(value / base) * base
    return {
        "value": _tidy(rounded),
        "low": _tidy(min(rounded, math.floor(low / fine + 1e-9) * fine)),
        "high": _tidy(max(rounded, math.ceil(high / fine - 1e-9) * fine)),
        "rounding": _tidy(base),
    }


def _to(value: float, base: int) -> int:
    return math.floor(value / base + 0.5) * base


def _ends(low: float, high: float, base: int) -> dict[str, int]:
    return {"low": math.floor(low / base) * base, "high": math.ceil(high / base) * base}


def _tidy(value: float) -> float:
    return round(value, 10)
