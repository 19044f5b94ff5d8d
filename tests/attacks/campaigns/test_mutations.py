"""A fault planted in the code of releases turns an attack red: the attacks could find a real one."""

from functools import lru_cache

import numpy as np
import pytest

from campaigns.noise import budget, figures, mechanism
from campaigns.noise.tally import Tally
from tests.attacks.campaigns import measures


def test_half_the_noise_is_found(monkeypatch):
    real = mechanism.draw
    monkeypatch.setattr(mechanism, "draw", lambda vector, l2, rho: real(vector, l2 / 2, rho))
    with pytest.raises(AssertionError):
        measures.check_membership()
    with pytest.raises(AssertionError):
        measures.check_sampler()


def test_half_the_noise_by_the_scale_is_refused_by_the_library(monkeypatch):
    monkeypatch.setattr(budget, "sigma", lambda l2, rho: l2 / np.sqrt(2 * rho) / 2)
    with pytest.raises(mechanism.WrongSpending):
        mechanism.draw([0], 1, 0.05)


def test_a_missing_cap_is_found(monkeypatch):
    monkeypatch.setattr(budget, "count_l2", lambda table: 1.0)
    with pytest.raises(AssertionError):
        measures.check_sensitivity()
    with pytest.raises(AssertionError):
        measures.check_membership()


def test_a_missing_clamp_is_found(monkeypatch):
    real = Tally.add

    def wide(self, rows):
        real(self, rows)
        for vector in self.sums.values():
            vector *= 3
        return self

    monkeypatch.setattr(Tally, "add", wide)
    with pytest.raises(AssertionError):
        measures.check_sensitivity()


def test_a_seed_used_again_is_found(monkeypatch):
    real = mechanism.draw

    @lru_cache
    def noise(length, l2, rho):
        return real([0] * length, l2, rho)

    monkeypatch.setattr(mechanism, "draw", lambda vector, l2, rho: np.asarray(vector) + noise(len(vector), l2, rho))
    with pytest.raises(AssertionError):
        measures.check_fresh_noise()
    with pytest.raises(AssertionError):
        measures.check_withdrawal()


def test_a_threshold_on_the_true_count_is_found(monkeypatch):
    """The attack's noise takes twelve from each count, so that the mutation knows the true one."""
    real = figures.count_cell

    def by_the_truth(at, noisy, noise):
        return real(at, max(noisy, budget.threshold(noise)) if noisy + 12 >= budget.K else 0, noise)

    monkeypatch.setattr(figures, "count_cell", by_the_truth)
    with pytest.raises(AssertionError):
        measures.check_hidden_by_the_noisy_count(monkeypatch)


def test_a_lower_threshold_is_found(monkeypatch):
    monkeypatch.setattr(budget, "threshold", lambda noise: budget.K)
    with pytest.raises(AssertionError):
        measures.check_small_cells()


def test_plain_intervals_are_found(monkeypatch):
    from campaigns.noise import intervals

    monkeypatch.setattr(
        intervals,
        "of_shown_count",
        lambda noisy, noise, least: (round(noisy - 1.96 * noise), round(noisy + 1.96 * noise)),
    )
    with pytest.raises(AssertionError):
        measures.check_coverage()


def test_a_charge_after_the_noise_is_found(monkeypatch):
    real = mechanism.release

    def late(plan, window, rows, *, charge, **others):
        kept = []
        found = real(plan, window, rows, charge=lambda table, rho: kept.append((table, rho)), **others)
        for one in kept:
            charge(*one)
        return found

    monkeypatch.setattr(mechanism, "release", late)
    with pytest.raises(AssertionError):
        measures.check_charged_before_noise(monkeypatch)
