from django.db import models

from core.models import ResidentManager, ResidentModel
from core.models.rows import nothing


class Alerts(ResidentModel):
    """The kinds of journal entry about which a resident wants an e-mail; without a row, none."""

    readings = models.BooleanField(default=False, help_text="somebody else read")
    refusals = models.BooleanField(default=False, help_text="somebody else was refused")
    seen_number = models.PositiveIntegerField(default=0, help_text="up to which line the journal was looked at")
    told_at = models.DateTimeField(null=True, blank=True)
    ageing_told_at = models.DateTimeField(
        null=True, blank=True, help_text="that lines are about to have lasted their time; wanted or not"
    )

    objects = ResidentManager["Alerts"]()
    decides = nothing("when to write to a resident about their own journal")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="alerts_once")]

    def __str__(self) -> str:
        return f"alerts of {self.resident_id}"
