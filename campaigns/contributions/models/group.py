"""The invited group of a campaign: codes that the city hands out, and the residents who typed one."""

import uuid

from django.db import models

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, by_resident


class Invitation(AuthenticatedRow):
    """One invitation. The code is on the city's list alone; `key` is an HMAC of it. Nothing says whether it served."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_id = models.UUIDField(db_index=True)
    key = models.BinaryField(unique=True)

    objects = RowQuerySet["Invitation"].as_manager()
    decides = by_city("campaign_id", "key")

    def __str__(self) -> str:
        return f"invitation to {self.campaign_id}"


class Membership(AuthenticatedRow, ResidentModel):
    """A resident who joined an invited group by a code. A code serves one account."""

    campaign_id = models.UUIDField()
    key = models.BinaryField(unique=True, help_text="of the invitation")

    objects = ResidentManager["Membership"]()
    decides = by_resident("campaign_id", "key")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id", "campaign_id"], name="membership_once")]

    def __str__(self) -> str:
        return f"member of the group of {self.campaign_id}"
