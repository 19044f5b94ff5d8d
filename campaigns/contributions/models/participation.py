from django.db import models

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, by_resident
from vault.records.models import Grant


class Participation(AuthenticatedRow, ResidentModel):
    """A resident's own trace of a campaign: what it may cost of their yearly budget, and that it was counted once.

    Withdrawing before the contribution is counted deletes the row. Afterwards it stays, so that nobody is counted
    twice. The contribution itself does not name the resident.
    """

    campaign_id = models.UUIDField()
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    joined_on = models.DateField()
    counts_from = models.DateField()
    rho = models.FloatField(help_text="the most that the campaign may cost this resident")
    dwelling = models.UUIDField(
        null=True, help_text="the resident's household then, where the campaign counts dwellings: its pseudonym"
    )

    objects = ResidentManager["Participation"]()
    decides = by_resident("campaign_id", "joined_on", "counts_from", "rho", "dwelling")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "campaign_id"], name="participation_once"),
            models.UniqueConstraint(fields=["campaign_id", "dwelling"], name="participation_once_a_dwelling"),
        ]

    def __str__(self) -> str:
        return f"participation in {self.campaign_id}"
