"""Milestones: what an open campaign says of its number of contributions, from noisy increments alone."""

import random

import pytest

from campaigns.noise import budget, milestones
from campaigns.noise.refusals import PlanRefused
from tests.campaigns.made import document, plan


def test_a_milestone_is_passed_once_the_sum_is_above_it_by_two_standard_deviations():
    assert milestones.passed([]) == milestones.passed([59]) == 0
    assert milestones.passed([60]) == 50
    assert milestones.passed([30, 30, 10]) == 50 and milestones.passed([30, 30, 7]) == 0
    assert milestones.passed([1_200_000]) == 1_000_000
    assert milestones.MILESTONES[:8] == (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


def test_noise_alone_passes_no_milestone_in_three_months():
    """With no contribution: less than one campaign in a hundred says fifty, of those of ninety days."""
    drawn = random.Random(7)
    wrong = 0
    for _campaign in range(400):
        increments: list[int] = []
        for _day in range(90):
            increments.append(round(drawn.gauss(0, milestones.sigma())))
        wrong += any(milestones.passed(increments[:day]) for day in range(1, 91))
    assert wrong < 4


def test_the_noise_of_an_increment_is_five_and_costs_a_fiftieth():
    assert milestones.sigma() == pytest.approx(5)
    without, with_them = plan(sensitivity="low"), plan(sensitivity="low", milestones=True)
    assert with_them.rho - without.rho == pytest.approx(0.02)
    assert with_them.sha256 != without.sha256


def test_milestones_are_paid_by_the_plans_own_budget():
    with pytest.raises(PlanRefused, match="over_budget"):
        plan(milestones=True)
    assert budget.epsilon(plan(sensitivity="low", milestones=True).rho) > budget.epsilon(plan().rho)


def test_a_plan_says_yes_or_no_to_milestones():
    with pytest.raises(PlanRefused, match="milestones"):
        plan(milestones="often")
    assert "milestones" not in document() and plan().milestones is False
