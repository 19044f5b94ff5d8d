"""The yearly budget of the resident in scope, counted in their own vault."""

from datetime import date, timedelta

from django.db.models import Sum

from campaigns.contributions import budget
from campaigns.contributions.enums import COUNTER, RunState
from campaigns.contributions.models import Charge, Participation, ReleaseRun, Withdrawal
from campaigns.contributions.withdrawing import is_waiting
from campaigns.noise.refusals import COUNTER_RHO
from core.models.rows import check

A_YEAR = timedelta(days=365)


def spent(today: date) -> float:
    """Return what the campaigns of the last year cost, or may still cost, the resident in scope.

    A campaign that has not counted them yet counts with the most that it may cost.

    Raises:
        Forged: a row of theirs is not as the portal wrote it.
    """
    rows = list(Participation.objects.filter(joined_on__gt=today - A_YEAR))
    withdrawn = list(Withdrawal.objects.filter(withdrawn_on__gt=today - A_YEAR))
    for found in (rows, withdrawn):
        if found:
            check(*found)
    counted = sum(one.rho if is_waiting(one) else min(one.rho, charged(one)) for one in rows)
    return counted + sum(one.rho for one in withdrawn)


def charged(participation: Participation) -> float:
    """Return what was charged for the windows that looked at a contribution, up to the one that counted it.

    The charges are public, and the same for everybody who was counted then.
    """
    runs = ReleaseRun.objects.filter(campaign_id=participation.campaign_id, due__gt=participation.counts_from)
    windows = []
    for run in runs.order_by("due"):
        windows.append(run.window)
        if run.state in {RunState.PUBLISHED, RunState.STOPPED}:
            break
    charges = Charge.objects.filter(campaign_id=participation.campaign_id)
    total: float | None = charges.filter(window__in=windows).aggregate(total=Sum("rho"))["total"]
    milestones = COUNTER_RHO if charges.filter(table=COUNTER).exists() else 0.0
    return total + milestones if total else participation.rho


def was_counted(participation: Participation) -> bool:
    """Return whether a publication counted the contribution: none did if its window was stopped or had too few."""
    runs = ReleaseRun.objects.filter(campaign_id=participation.campaign_id, due__gt=participation.counts_from)
    states = list(runs.exclude(state=RunState.SKIPPED).order_by("due").values_list("state", flat=True)[:1])
    return states == [RunState.PUBLISHED]


def left(today: date) -> float:
    return max(0.0, budget.YEARLY - spent(today))
