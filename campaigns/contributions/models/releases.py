"""Releases: what is due, what was charged, what was published. The role `release` alone writes these tables."""

import uuid

from django.db import models

from campaigns.contributions.enums import RunState
from core.models.rows import nothing

RELEASE = "written by the role `release` alone"


class ReleaseRun(models.Model):
    """The release of one window of a campaign, due at a date of its plan."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_id = models.UUIDField()
    window = models.CharField(max_length=10, help_text="its code in the plan")
    due = models.DateField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)

    decides = nothing(RELEASE)

    class Meta:
        db_table = 'campaigns"."release_run'
        constraints = [
            models.UniqueConstraint(fields=["campaign_id", "window"], name="release_run_once"),
            models.CheckConstraint(condition=models.Q(state__in=RunState.values), name="release_run_state_known"),
        ]

    def __str__(self) -> str:
        return f"window {self.window} of campaign {self.campaign_id}"


class Charge(models.Model):
    """Privacy budget spent for one table of one window, committed before its noise was drawn. Append-only.

    A trigger refuses a charge above what the run may spend (`limit`), so that parallel processes cannot overspend.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_id = models.UUIDField()
    window = models.CharField(max_length=10)
    attempt = models.PositiveSmallIntegerField()
    table = models.CharField(max_length=60)
    rho = models.FloatField(help_text="zero-concentrated differential privacy")
    limit = models.FloatField(help_text="the most that this window may be charged in all")
    at = models.DateTimeField()

    decides = nothing(RELEASE)

    class Meta:
        db_table = 'campaigns"."charge'
        constraints = [
            models.UniqueConstraint(fields=["campaign_id", "window", "attempt", "table"], name="charge_once"),
            models.CheckConstraint(condition=models.Q(rho__gt=0), name="charge_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.table}, window {self.window}"


class Publication(models.Model):
    """The publication of one window: the document's exact text, its hash, and a signed note. Never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_id = models.UUIDField()
    window = models.CharField(max_length=10)
    published_on = models.DateField()
    document = models.TextField(help_text="canonical JSON")
    sha256 = models.CharField(max_length=64, help_text="of the document, in hexadecimal")
    previous_sha256 = models.CharField(max_length=64, blank=True, help_text="of the campaign's former publication")
    note = models.TextField(help_text="signed by the key of the checkpoints")

    decides = nothing(f"{RELEASE}, hashed, chained and signed")

    class Meta:
        db_table = 'campaigns"."publication'
        constraints = [models.UniqueConstraint(fields=["campaign_id", "window"], name="publication_once")]

    def __str__(self) -> str:
        return f"publication {self.window} of campaign {self.campaign_id}"
