from celery import shared_task
from django.utils import timezone

from campaigns.contributions import across
from campaigns.contributions.actions import counter, following, inbox, releasing
from campaigns.contributions.enums import QUEUE

#: Seconds after which a tick that no worker took is dropped: the next one does its work.
EXPIRES = 300


@shared_task
def follow() -> None:
    """Follow the campaigns' dates, and wake the worker of releases if one needs it. Each five minutes."""
    following.follow()
    across.forget_over(timezone.localdate())
    across.forget_groups(timezone.localdate())
    if following.is_needed():
        release_due.apply_async(queue=QUEUE, expires=EXPIRES)


@shared_task
def release_due() -> None:
    """Move the arrivals of the days before, draw, release and destroy what is due. Only the role `release` may."""
    today = timezone.localdate()
    releasing.prepare(today)
    inbox.move()
    counter.draw_due(today)
    releasing.run_due()
    releasing.finish(today)
