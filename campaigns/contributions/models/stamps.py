"""What is kept of the stamps of contributions: those that are to be there, and those of withdrawn ones."""

import uuid

from django.db import models

from core.models.rows import nothing

KEYED = "under a MAC of the campaign's own key, which `stamping` checks"


class Tally(models.Model):
    """How many stamps a campaign has, and a MAC of all of them. The role `release` alone reads and writes it."""

    campaign_id = models.UUIDField(primary_key=True, editable=False)
    count = models.PositiveIntegerField()
    mac = models.BinaryField()

    decides = nothing(KEYED)

    class Meta:
        db_table = 'campaigns"."tally'

    def __str__(self) -> str:
        return f"tally of campaign {self.campaign_id}"


class WithdrawnStamp(models.Model):
    """The stamp of a contribution that its resident withdrew after a night. It names no pseudonym.

    Another row of the same stamp, which somebody wrote, keeps nobody from withdrawing: it has no genuine MAC.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stamp = models.BinaryField()
    campaign_id = models.UUIDField()
    mac = models.BinaryField()

    decides = nothing(KEYED)

    class Meta:
        db_table = 'campaigns"."withdrawn_stamp'

    def __str__(self) -> str:
        return f"a contribution withdrawn from campaign {self.campaign_id}"
