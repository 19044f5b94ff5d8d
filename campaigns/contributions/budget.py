"""The cost of a campaign to a resident, in ρ (zero-concentrated differential privacy)."""

from campaigns.noise.plan import Plan
from campaigns.noise.refusals import BUDGETS, CHECK_RHO

#: The most that one resident spends in a year, in all campaigns together.
YEARLY = 1.0


def attempts(plan: Plan) -> int:
    """Return how often the release of one window may be drawn: twice, where its class of budget has room for it.

    A draw that was killed is charged, and so is the next one.
    """
    return 2 if 2 * plan.rho - plan.counter_rho <= BUDGETS[plan.sensitivity] else 1


def window_limit(plan: Plan) -> float:
    """Return the most that one window may be charged."""
    return attempts(plan) * (sum(table.rho for table in plan.tables) + CHECK_RHO)


def most(plan: Plan) -> float:
    """Return the most that the campaign may cost one resident, whatever happens. Never above its class of budget."""
    return attempts(plan) * (plan.rho - plan.counter_rho) + plan.counter_rho
