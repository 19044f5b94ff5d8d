"""The preview against what was measured: a travel survey of ρ = 0.2, with 8 means of travel and equal zones."""

import numpy as np
import pytest

from campaigns.noise import budget, mechanism, preview
from campaigns.noise.plan import Plan
from campaigns.noise.rows import Row
from tests.campaigns.made import document, words

#: Shares of the means of travel, as unequal as in the national survey.
MODES = (0.40, 0.22, 0.14, 0.09, 0.06, 0.04, 0.03, 0.02)
#: Mean distance in km, from which errors of means are told as shares.
KM = 12
#: Contributors and zones; median error of each table, and share of its cells shown, as measured on a synthetic town.
#: Its trips were a little more unequal than equal zones make them: fewer of their cells were shown.
MEASURED = [
    (300, 6, {"zones": 0.06, "modes": 0.06, "km": 0.10, "od": 0.27}, {"modes": 0.63}),
    (1_000, 10, {"zones": 0.03, "modes": 0.03, "zone-mode": 0.08, "km": 0.05, "od": 0.16}, {"zone-mode": 0.27}),
    (
        10_000,
        20,
        {"zones": 0.006, "modes": 0.003, "zone-mode": 0.034, "km": 0.01, "od": 0.07},
        {"zone-mode": 0.76, "od": 0.92},
    ),
]


def survey(zones: int) -> Plan:
    told = document()
    tables = [
        ("zones", ["home"], 0.025, 1, {}),
        ("modes", ["mode"], 0.025, 1, {}),
        ("zone-mode", ["home", "mode"], 0.05, 1, {}),
        ("km", ["home"], 0.05, 1, {"measure": "km"}),
        ("od", ["trip"], 0.05, 4, {}),
    ]
    mode, home, trip, _age = told["dimensions"]
    mode = mode | {
        "cells": [{"code": f"m{one}", "label": words("x"), "expected": part} for one, part in enumerate(MODES)]
    }
    listed = [{"code": f"z{one}", "label": words("x"), "population": 5_000} for one in range(zones)]
    return Plan.from_json(
        told
        | {
            "sensitivity": "low",
            "zoning": told["zoning"] | {"zones": listed},
            "dimensions": [mode, home | {"level": 0}, trip],
            "tables": [
                {"code": code, "label": words("x"), "dimensions": names, "rho": rho, "per_resident": most} | more
                for code, names, rho, most, more in tables
            ],
        }
    )


@pytest.mark.parametrize(("contributors", "zones", "errors", "parts"), MEASURED)
def test_each_table_is_within_a_fifth_of_what_was_measured(contributors, zones, errors, parts):
    plan = survey(zones)
    for code, measured in errors.items():
        found = preview.expected(plan, plan.table(code), contributors)
        assert found.error is not None
        error = found.error / KM if code == "km" else found.error
        assert error == pytest.approx(measured, rel=0.2), code
        if code in parts:
            assert found.shown / found.cells == pytest.approx(parts[code], rel=0.2), code


def test_small_cells_that_luck_shows_are_off_by_as_much_as_in_releases():
    """The table of trips of 300 contributors: most of its shown cells are below the threshold."""
    plan, rng = survey(6), np.random.default_rng(3)
    errors, shown = [], 0
    for _ in range(40):
        trips = [sorted(set(rng.integers(36, size=int(rng.integers(1, 5))).tolist())) for _ in range(300)]
        truth = np.bincount([cell for one in trips for cell in one], minlength=36)
        everybody: list[Row | bytes] = [{"mode": 0, "home": 0, "trip": one, "km": 4} for one in trips]
        window = plan.windows[0]
        told = mechanism.release(plan, window, everybody, charge=lambda _table, _rho: None).document
        cells = [one for one in told["tables"][4]["cells"] if one["shown"] and one["at"][0] < 36]
        shown += len(cells)
        errors += [abs(one["value"] - truth[one["at"][0]]) / truth[one["at"][0]] for one in cells]
    supposed = preview.expected(plan, plan.table("od"), 300)
    assert shown / 40 == pytest.approx(supposed.shown, rel=0.2)
    assert np.median(errors) == pytest.approx(supposed.error, rel=0.2)


def test_the_error_of_means_counts_the_noise_of_both_the_sum_and_the_count():
    """Of 300 contributors in six zones, whose mean is half way to a bound."""
    plan, rng = survey(6), np.random.default_rng(5)
    table = plan.table("km")
    noise, of_sum = budget.count_sigma(table), budget.sum_sigma(plan, table)
    supposed = preview.expected(plan, table, 300)
    counts = rng.binomial(300, 1 / 6, 20_000)
    noisy = np.rint(counts + rng.normal(0, noise, counts.size))
    shown = noisy >= budget.threshold(noise)
    away = plan.measure("km").steps * preview.AWAY
    sums = counts * away + rng.normal(0, of_sum, counts.size)
    errors = np.abs(sums[shown] / noisy[shown] - away) * plan.measure("km").step / 2
    assert supposed.error is not None and supposed.margin is not None
    assert np.median(errors) == pytest.approx(supposed.error, rel=0.1)
    assert np.quantile(errors, 0.95) == pytest.approx(supposed.margin, rel=0.1)
    lone = of_sum * plan.measure("km").step / 2 / 50 * 0.6745
    assert supposed.error > 1.08 * lone, "the noise of the sum alone is not the error"
