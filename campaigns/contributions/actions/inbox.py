"""Move the contributions of the day out of the inbox. Only the role `release` may."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

#: Days in which a contribution can be withdrawn before it counts.
COOLING_DAYS = 7
# One statement: a row is in one of the two tables at any time. Random order, one transaction for all: neither the
# place of a row in its table nor its transaction's number says when, or after whom, somebody contributed.
MOVE = """
WITH arrived AS (
    DELETE FROM campaigns.arrival WHERE counts_from < %s
    RETURNING campaign_id, pseudonym, batch_id, counts_from, again, payload
)
INSERT INTO campaigns.contribution (campaign_id, pseudonym, batch_id, counts_from, again, payload)
SELECT campaign_id, pseudonym, batch_id, counts_from, again, payload FROM arrived ORDER BY gen_random_uuid()
"""
FORGET_BATCHES = """
DELETE FROM campaigns.batch WHERE made_on < %s
    AND NOT EXISTS (SELECT FROM campaigns.contribution WHERE batch_id = batch.id)
    AND NOT EXISTS (SELECT FROM campaigns.arrival WHERE batch_id = batch.id)
"""


def move() -> int:
    """Move the arrivals of the days before today, shuffled, in one transaction. Return how many.

    Delete the batches that no contribution needs any more. One of yesterday may serve a request that began before
    midnight.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        today = timezone.localdate()
        cursor.execute(MOVE, [today + timedelta(days=COOLING_DAYS)])
        moved: int = cursor.rowcount
        cursor.execute(FORGET_BATCHES, [today - timedelta(days=1)])
    return moved
