"""Milestones of the number of contributions: noisy increments, and what keeps one resident from being in two."""

import uuid

from django.db import models

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, by_resident, nothing


class Increment(models.Model):
    """The noisy number of contributions whose seven days ended, on one day of one campaign. Never changes.

    The role `web` may read `passed` only, and not `noisy`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_id = models.UUIDField()
    day = models.DateField()
    noisy = models.IntegerField(help_text="charged before it was drawn, and never drawn again")
    passed = models.PositiveIntegerField(help_text="the last milestone, by the increments up to this one; or 0")

    decides = nothing("written by the role `release` alone")

    class Meta:
        db_table = 'campaigns"."increment'
        constraints = [models.UniqueConstraint(fields=["campaign_id", "day"], name="increment_once_a_day")]

    def __str__(self) -> str:
        return f"increment of campaign {self.campaign_id}"


class Withdrawal(AuthenticatedRow, ResidentModel):
    """A resident's own trace of a contribution that was withdrawn after milestones could count it.

    It keeps what that cost in their yearly budget. If they contribute again, milestones do not count them again.
    """

    campaign_id = models.UUIDField()
    withdrawn_on = models.DateField()
    rho = models.FloatField()
    dwelling = models.UUIDField(null=True, help_text="where the campaign counts dwellings: the household's pseudonym")

    objects = ResidentManager["Withdrawal"]()
    decides = by_resident("campaign_id", "withdrawn_on", "rho", "dwelling")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id", "campaign_id"], name="withdrawal_once")]

    def __str__(self) -> str:
        return f"withdrawal from {self.campaign_id}"
