"""Tasks of votes: for the queue of the role `release`."""

from celery import shared_task
from django.utils import timezone

from campaigns.contributions.enums import QUEUE
from campaigns.contributions.tasks import EXPIRES
from campaigns.debates import standing
from campaigns.debates.actions import counting, group_votes, notices
from core import journal


@shared_task
def follow() -> None:
    """Begin and follow the votes of groups; wake the worker of releases while a vote is not counted. Each minute."""
    group_votes.follow(timezone.now())
    if standing.to_count():
        count_due.apply_async(queue=QUEUE, expires=EXPIRES)


@shared_task
def count_due() -> None:
    """Make keys, move the ballots of the days before, count what has closed. Only the role `release` may."""
    counting.prepare()
    counting.move(timezone.localdate())
    counting.count_due(timezone.now())


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_authors() -> None:
    notices.notify_authors()
