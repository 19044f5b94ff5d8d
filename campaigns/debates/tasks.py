"""Tasks of votes: for the queue of the role `release`."""

from celery import shared_task
from django.utils import timezone

from campaigns.contributions.enums import QUEUE
from campaigns.contributions.tasks import EXPIRES
from campaigns.debates import standing
from campaigns.debates.actions import counting, notices
from core import journal


@shared_task
def follow() -> None:
    """Wake the worker of releases while a vote is not counted. Each minute: a vote closes at an hour."""
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
