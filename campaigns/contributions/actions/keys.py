"""Make and destroy the keys of a campaign. Only the role `release` may."""

from uuid import UUID

from django.db import transaction

from campaigns.contributions import sealing
from campaigns.contributions.models import Arrival, Batch, CampaignKey, Contribution, Tally, WithdrawnStamp


def make(*, campaign_id: UUID) -> bool:
    """Make the keys of a campaign; idempotent. Return False if it has some.

    Raises:
        KeysDown: the key service does not answer.
    """
    if CampaignKey.objects.filter(pk=campaign_id).exists():
        return False
    CampaignKey.objects.bulk_create([sealing.made_keys(campaign_id)], ignore_conflicts=True)
    return True


def destroy(*, campaign_id: UUID) -> bool:
    """Delete a campaign's keys and all that was sealed under them. Return False if there was nothing left.

    A copy of the private key stays in the backups of the keys, 30 days at most.
    """
    with transaction.atomic():
        rows = [
            model.objects.filter(campaign_id=campaign_id).delete()[0]
            for model in (CampaignKey, Batch, Arrival, Contribution, Tally, WithdrawnStamp)
        ]
    return any(rows)
