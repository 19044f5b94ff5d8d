"""Draw the daily increments of milestones. Only the role `release` may.

A contribution is in one increment: that of the first day from which it counts. The day is charged first, on a
connection of its own. A day whose process was killed after the charge has no increment, and is not drawn again.
"""

from datetime import date

from django.db import transaction

from campaigns.contributions import ledger, stamping
from campaigns.contributions.enums import COUNTER
from campaigns.contributions.models import Charge, Increment
from campaigns.noise import milestones
from campaigns.noise.refusals import COUNTER_RHO
from campaigns.plans.models import Campaign
from campaigns.plans.states import State


def draw_due(today: date) -> int:
    """Draw today's increment of each open campaign whose plan has milestones. Return how many were drawn.

    One a day, whether or not somebody contributed: nothing says which.
    """
    counted = [one for one in Campaign.objects.filter(state=State.OPEN) if one.plan.milestones]
    return sum(_draw(one, today) for one in counted if one.plan.opens < today < one.plan.closes)


def _draw(campaign: Campaign, today: date) -> bool:
    """Charge the day, then draw. Return False if it was charged before."""
    from campaigns.noise import mechanism  # numpy and OpenDP: for the worker of releases only

    charged = Charge.objects.filter(campaign_id=campaign.pk, table=COUNTER).order_by("-window").first()
    if charged is not None and charged.window >= today.isoformat():
        return False
    try:
        with ledger.opened(campaign_id=campaign.pk, window=today.isoformat(), limit=COUNTER_RHO) as book:
            book.charge(COUNTER, COUNTER_RHO)
    except ledger.BudgetOfWindowSpent:
        return False
    with transaction.atomic():
        since = date.fromisoformat(charged.window) if charged is not None else date.min
        present = stamping.look(campaign, lambda row: since < row.counts_from <= today and not row.again)
        noisy = int(mechanism.draw([present.counted], 1, COUNTER_RHO)[0])
        before = Increment.objects.filter(campaign_id=campaign.pk).values_list("noisy", "passed")
        last = max((passed for _noisy, passed in before), default=0)
        passed = max(last, milestones.passed([*(one for one, _passed in before), noisy]))
        Increment(campaign_id=campaign.pk, day=today, noisy=noisy, passed=passed).save(force_insert=True)
    return True
