"""Tasks of votes: for the queue of the role `release`."""

from celery import shared_task
from django.utils import timezone

from campaigns.contributions.enums import QUEUE
from campaigns.contributions.tasks import EXPIRES
from campaigns.debates import standing
from campaigns.debates.actions import counting
from campaigns.debates.enums import VoteState
from campaigns.debates.models import Vote


@shared_task
def follow() -> None:
    """Wake the worker of releases while a vote is not counted. Each minute: a vote closes at an hour."""
    approved = Vote.objects.filter(state=VoteState.APPROVED)
    if any(standing.count_of(vote.pk) is None for vote in approved):
        count_due.apply_async(queue=QUEUE, expires=EXPIRES)


@shared_task
def count_due() -> None:
    """Make keys, move the ballots of the days before, count what has closed. Only the role `release` may."""
    counting.prepare()
    counting.move(timezone.localdate())
    counting.count_due(timezone.now())
