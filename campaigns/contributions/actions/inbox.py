"""Move the contributions of the day out of the inbox. Only the role `release` may."""

import logging
import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from campaigns.contributions import sealing, stamping
from campaigns.contributions.models import CampaignKey, Contribution
from campaigns.plans.models import Campaign
from core.database import locks

logger = logging.getLogger(__name__)
#: Days in which a contribution can be withdrawn before it counts.
COOLING_DAYS = 7
# A row is in one of the two tables at any time. Random order, one transaction for all: neither the place of a row in
# its table nor its transaction's number says when, or after whom, somebody contributed.
ARRIVED = """
DELETE FROM campaigns.arrival WHERE campaign_id = %s AND counts_from < %s
RETURNING pseudonym, batch_id, counts_from, again, payload, stamp
"""
# One of the same pseudonym is there only if somebody else put it there: the tally then shows it.
KEEP = """
INSERT INTO campaigns.contribution (campaign_id, pseudonym, batch_id, counts_from, again, payload, stamp)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
FORGET_BATCHES = """
DELETE FROM campaigns.batch WHERE made_on < %s
    AND NOT EXISTS (SELECT FROM campaigns.contribution WHERE batch_id = batch.id)
    AND NOT EXISTS (SELECT FROM campaigns.arrival WHERE batch_id = batch.id)
"""
#: Of campaigns that have no keys: nobody contributed to them.
FORGET_OTHERS = "DELETE FROM campaigns.arrival WHERE counts_from < %s AND campaign_id <> ALL(%s)"


def move() -> int:
    """Move the arrivals of the days before today, shuffled, in one transaction. Return how many.

    Those without a genuine stamp are deleted. Then delete the batches that no contribution needs any more. One of
    yesterday may serve a request that began before midnight.

    Raises:
        KeysDown: the key service does not answer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        today = timezone.localdate()
        before = today + timedelta(days=COOLING_DAYS)
        campaigns = Campaign.objects.filter(pk__in=CampaignKey.objects.values("campaign_id")).order_by("pk")
        moved = sum(_move(one, before) for one in campaigns)
        cursor.execute(FORGET_OTHERS, [before, [one.pk for one in campaigns]])
        cursor.execute(FORGET_BATCHES, [today - timedelta(days=1)])
    return moved


def _move(campaign: Campaign, before: date) -> int:
    """Move a campaign's arrivals, and freeze the tally of what is there then."""
    if not sealing.is_stamped(campaign.pk):
        locks.hold("stamps", campaign.pk)
        stamping.adopt(campaign)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM campaigns.arrival WHERE campaign_id = %s AND counts_from < %s LIMIT 1",
            [campaign.pk, before],
        )
        if cursor.fetchone() is None:
            return 0
        locks.hold("stamps", campaign.pk)
        present = stamping.look(campaign)
        whole = stamping.is_whole(campaign, present)
        if present.others:
            Contribution.objects.filter(campaign_id=campaign.pk, pseudonym__in=present.others).delete()
        cursor.execute(ARRIVED, [campaign.pk, before])
        arrived = [stamping.Row.of(*one) for one in cursor.fetchall()]
        rows = _given(campaign, arrived)
        random.SystemRandom().shuffle(rows)
        cursor.executemany(KEEP, [_columns(campaign.pk, row) for row in rows])
    now = stamping.look(campaign)
    whole = whole and now.count == present.count + len(rows)
    if whole:
        stamping.freeze(campaign, now)
    if not whole or len(rows) < len(arrived) or present.others:
        logger.error("contributions were written or deleted by somebody else", extra={"code": campaign.code})
    return len(rows)


def _given(campaign: Campaign, rows: Iterable[stamping.Row]) -> list[stamping.Row]:
    """Return the rows that residents gave."""
    stamp = stamping.stamper(campaign.pk, campaign.plan.sha256)
    return [row for row in rows if stamping.is_genuine(row, stamp)]


def _columns(campaign_id: UUID, row: stamping.Row) -> list[Any]:
    return [campaign_id, row.pseudonym, row.batch_id, row.counts_from, row.again, row.payload, row.stamp]
