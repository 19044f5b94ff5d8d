"""Attacks on the noise of consultations: each measures what its attacker gains, and asserts that it is within bounds.

They call the code of releases through `mechanism`, `budget` and `tally`, so that a mutation of these is seen.
ATTACK_SAMPLES multiplies the samples: `make attacks`. A limit allows ERRORS standard errors of what is measured:
chance alone crosses it less than once in a million runs.
"""

import math
import os
from statistics import NormalDist

import numpy as np

from campaigns.noise import budget, figures, mechanism
from campaigns.noise.tally import Tally
from tests.campaigns.made import document, plan

SAMPLES = int(os.environ.get("ATTACK_SAMPLES", "1"))
ERRORS = 5
NORMAL = NormalDist()
PLAN = plan()
MODES = PLAN.table("modes")


def rows(count, *, seed=1, rng=None):
    rng = rng or np.random.default_rng(seed)
    return [
        {
            "mode": int(rng.choice(3, p=[0.3, 0.2, 0.5])),
            "home": int(rng.integers(6)),
            "trip": sorted(rng.choice(4, size=int(rng.integers(1, 5)), replace=False).tolist()),
            "age": int(rng.integers(3)),
            "km": int(min(80, rng.exponential(16))),
        }
        for _ in range(count)
    ]


def free(table, rho):
    """Charge nothing: no ledger is attacked here."""


def release(found, *, of=PLAN, charge=free, window=0):
    return mechanism.release(of, of.windows[window], found, charge=charge)


# Sensitivity


#: Touches as much as one resident can: four trips, and the longest distance.
WORST = {"mode": 2, "home": 0, "trip": [0, 1, 2, 3], "age": 0, "km": 80}


def movement(row, others):
    """Return how one resident moves each exact vector: (table, "counts" or "sums", vector)."""
    with_them, without = Tally(PLAN).add([*others, row]), Tally(PLAN).add(others)
    for table in PLAN.tables:
        yield table, "counts", with_them.counts[table.code] - without.counts[table.code]
        if table.measure:
            yield table, "sums", with_them.sums[table.code] - without.sums[table.code]


def check_sensitivity():
    everybody = [*rows(60), WORST, {**WORST, "km": 0}, {"mode": None, "home": None, "trip": None, "age": 0, "km": 1}]
    for number, row in enumerate(everybody):
        others = everybody[:number] + everybody[number + 1 :]
        for table, kind, moved in movement(row, others):
            most = budget.count_l2(table) if kind == "counts" else budget.sum_l2(PLAN, table)
            assert np.count_nonzero(moved) <= table.per_resident, table.code
            assert math.sqrt(float((moved**2).sum())) <= most + 1e-9, table.code


# Membership: the attacker knows every other contribution, and reads all vectors before they are rounded or hidden


def check_membership(count=4_000):
    count *= SAMPLES
    inside, outside = np.zeros(count), np.zeros(count)
    for table, kind, moved in movement(WORST, rows(30)):
        touched = moved[moved != 0]
        is_count = kind == "counts"
        l2 = budget.count_l2(table) if is_count else budget.sum_l2(PLAN, table)
        rho = budget.count_rho(table) if is_count else budget.sum_rho(table)
        for scores, part in ((inside, touched), (outside, np.zeros_like(touched))):
            seen = mechanism.draw(np.tile(part, count), l2, rho).reshape(count, -1)
            scores += (seen * touched).sum(axis=1) * rho / l2**2
    assert_within(inside, outside, math.fsum(table.rho for table in PLAN.tables))


def check_withdrawal(count=4_000):
    """The attacker knows everybody else in both windows, and compares: by the first one, and by their difference."""
    count *= SAMPLES
    axis = np.array([-1, 0, 1])
    scores = []
    for secret in (2, 0):
        before = np.tile(np.eye(3, dtype=int)[secret], count)
        seen = [
            mechanism.draw(vector, 1, MODES.rho).reshape(count, 3) @ axis for vector in (before, np.zeros_like(before))
        ]
        scores.append((seen[0], seen[0] - seen[1]))
    for inside, outside in zip(*scores, strict=True):
        # Whoever is in one cell rather than in another moves two counts.
        assert_within(inside.astype(float), outside.astype(float), 2 * MODES.rho)


def assert_within(inside, outside, rho):
    """Assert that scores tell a member from a stranger no better than a Gaussian of that rho allows: by the area under
    the curve, by those found while one stranger in a hundred is accused, and by the distance between the medians."""
    count = len(inside)
    mixed = np.concatenate([inside, outside])
    ranks = np.argsort(np.argsort(mixed))[:count] + 1
    auc = (ranks.sum() - count * (count + 1) / 2) / count**2
    assert auc <= NORMAL.cdf(math.sqrt(rho)) + ERRORS * math.sqrt(1 / (6 * count)), auc
    shift = math.sqrt(2 * rho)
    wrongly = np.quantile(outside, 0.99)
    at = NORMAL.inv_cdf(0.01) + shift
    found, most = (inside > wrongly).mean(), NORMAL.cdf(at)
    # The threshold is a quantile of a sample: its error counts, times the slope of those found by those accused.
    slope = NORMAL.pdf(at) / NORMAL.pdf(NORMAL.inv_cdf(0.01))
    error = math.sqrt((most * (1 - most) + slope**2 * 0.01 * 0.99) / count)
    assert found <= most + ERRORS * error, found
    # A lower bound of the shift, at the median of both.
    margin = ERRORS / math.sqrt(2) * math.sqrt(0.25 / count)
    least = (inside > np.median(mixed)).mean() - margin
    highest = (outside > np.median(mixed)).mean() + margin
    assert NORMAL.inv_cdf(least) - NORMAL.inv_cdf(highest) <= shift


# The sampler


def check_sampler(count=20_000):
    count *= SAMPLES
    noise = budget.count_sigma(MODES)
    drawn = mechanism.draw(np.zeros(count, dtype=int), 1, MODES.rho)
    most = math.ceil(2.5 * noise)
    law = np.array([math.exp(-(value**2) / (2 * noise**2)) for value in range(-40, 41)])
    law /= law.sum()
    classes = np.clip(drawn, -most, most) + most
    seen = np.bincount(classes, minlength=2 * most + 1)
    expected = np.array([law[: 40 - most + 1].sum(), *law[40 - most + 1 : 40 + most], law[40 + most :].sum()]) * count
    square = float(((seen - expected) ** 2 / expected).sum())
    freedom = 2 * most
    # Wilson and Hilferty: the cube root of a chi-square is nearly normal.
    normal = ((square / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / math.sqrt(2 / (9 * freedom))
    assert normal < ERRORS, square


def check_fresh_noise():
    """Noise drawn twice must differ, and one vector must not be the other's: a seed used again is seen."""
    first, second = (mechanism.draw(np.zeros(500, dtype=int), 1, 0.02) for _ in range(2))
    assert not np.array_equal(first, second)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.25


# Small cells


def check_small_cells(count=30_000):
    count *= SAMPLES
    noise = budget.count_sigma(MODES)
    # 0.00027 of cells of five are shown: five times the samples keep chance away from that limit.
    for true, most, drawn in ((10, 0.0115, count), (5, 0.0005, 5 * count), (0, 1e-4, count)):
        noisy = mechanism.draw(np.full(drawn, true), 1, MODES.rho)
        values, times = np.unique(noisy, return_counts=True)
        shown = sum(t for v, t in zip(values, times, strict=True) if figures.count_cell([0], v, noise)["shown"])
        assert shown / drawn <= most, (true, shown / drawn)


def check_coverage(count=6_000):
    count *= SAMPLES
    noise = budget.count_sigma(MODES)
    for true in (12, 16, 20, 25, 40, 200):
        noisy = mechanism.draw(np.full(count, true), 1, MODES.rho)
        values, times = np.unique(noisy, return_counts=True)
        cells = [(figures.count_cell([0], int(v), noise), int(t)) for v, t in zip(values, times, strict=True)]
        shown = sum(t for cell, t in cells if cell["shown"])
        inside = sum(t for cell, t in cells if cell["shown"] and cell["low"] <= true <= cell["high"])
        assert inside / shown >= 0.945 - 4 * math.sqrt(0.05 / shown), (true, inside / shown)


def check_coverage_of_means(count=1_500):
    table = PLAN.table("km-home")
    for residents, steps in ((30, 12), (60, 60), (300, 20)):
        counts = mechanism.draw(np.full(count, residents), 1, budget.count_rho(table))
        of_sums = np.full(count, residents * (2 * steps - 80))
        sums = mechanism.draw(of_sums, budget.sum_l2(PLAN, table), budget.sum_rho(table))
        least = budget.threshold(budget.count_sigma(table))
        means = [
            figures.mean_cell(PLAN, table, int(n), int(s)) for n, s in zip(counts, sums, strict=True) if n >= least
        ]
        inside = sum(one["low"] <= steps / 2 <= one["high"] for one in means)
        assert inside / len(means) >= 0.945 - 4 * math.sqrt(0.05 / len(means)), (residents, inside / len(means))


# Order and budget


def check_charged_before_noise(monkeypatch):
    done, real = [], mechanism.draw

    def seen(vector, l2, rho):
        done.append(("draw", rho))
        return real(vector, l2, rho)

    monkeypatch.setattr(mechanism, "draw", seen)
    release(rows(400), charge=lambda table, rho: done.append(("charge", rho)))
    charged = drawn = 0.0
    for what, rho in done:
        charged, drawn = (charged + rho, drawn) if what == "charge" else (charged, drawn + rho)
        assert drawn <= charged + 1e-12, "noise was drawn before its charge"
    assert math.isclose(charged, mechanism.spent(PLAN), abs_tol=1e-9)
    assert math.isclose(drawn, charged, abs_tol=1e-9)


# The document: a cell's fate depends on its noisy count alone


def check_hidden_by_the_noisy_count(monkeypatch):
    """With noise that takes twelve from every count, thirty residents must be hidden, a hundred not."""
    real = mechanism.draw
    monkeypatch.setattr(mechanism, "draw", lambda vector, l2, rho: np.array([int(v) for v in vector]) - 12)
    least = budget.threshold(budget.count_sigma(MODES))
    one = document(tables=[document()["tables"][0]])
    told = release(
        [{**row, "mode": number < least + 5 and 1 or 2} for number, row in enumerate(rows(300))],
        of=type(PLAN).from_json(one),
    ).document["tables"][0]
    monkeypatch.setattr(mechanism, "draw", real)
    assert not told["cells"][1]["shown"] and told["cells"][2]["shown"]
