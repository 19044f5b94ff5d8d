"""Published intervals hold 95 times in 100, given that a cell is shown: by size, in two hundred seeded releases."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from campaigns.noise import budget, mechanism
from campaigns.noise.plan import Plan
from campaigns.noise.rows import pack
from tests.campaigns.made import document, words

#: Residents of a cell; each size has as many cells, whose mean is near a bound or in the middle, in turns.
SIZES, EACH, STEPS = (10, 14, 20, 30, 60), 20, (6, 40)
RELEASES = 200


def sized() -> Plan:
    cells = [{"code": f"c{one}", "label": words("x")} for one in range(len(SIZES) * EACH)]
    tables: list[dict[str, Any]] = [
        {"code": "sizes", "label": words("x"), "dimensions": ["size"], "rho": 0.05, "per_resident": 1},
        {"code": "km", "label": words("x"), "dimensions": ["size"], "measure": "km", "rho": 0.1, "per_resident": 1},
    ]
    size = {"code": "size", "label": words("x"), "kind": "choice", "cells": cells}
    return Plan.from_json(document(zoning=None, dimensions=[size], tables=tables, minimum=50))


@pytest.fixture
def seeded(monkeypatch):
    rng = np.random.default_rng(7)

    def drawn(vector: Any, l2: float, rho: float) -> Any:
        return np.rint(np.asarray(vector) + rng.normal(0, budget.sigma(l2, rho), len(vector))).astype(int)

    monkeypatch.setattr(mechanism, "draw", drawn)


def test_intervals_of_shown_counts_and_means_hold_whatever_the_size_of_the_cell(seeded):
    plan = sized()
    everybody = [
        pack(plan, {"size": cell, "km": STEPS[cell % 2]})
        for cell in range(len(SIZES) * EACH)
        for _one in range(SIZES[cell // EACH])
    ]
    shown: Counter[tuple[str, int]] = Counter()
    inside: Counter[tuple[str, int]] = Counter()
    for _one in range(RELEASES):
        told = mechanism.release(plan, plan.windows[0], everybody, charge=lambda _table, _rho: None).document
        for table in told["tables"]:
            for cell in [one for one in table["cells"] if one["shown"] and one["at"][0] < len(SIZES) * EACH]:
                size = SIZES[cell["at"][0] // EACH]
                truth = STEPS[cell["at"][0] % 2] / 2 if table["measure"] else size
                key = (table["code"], size)
                shown[key] += 1
                inside[key] += cell["low"] <= truth <= cell["high"]
    assert set(shown) == {(table, size) for table in ("sizes", "km") for size in SIZES}
    for key, count in shown.items():
        # Three standard deviations of a share of 95 %, in that many cells.
        assert inside[key] / count >= 0.95 - 3 * (0.0475 / count) ** 0.5, (key, inside[key], count)
