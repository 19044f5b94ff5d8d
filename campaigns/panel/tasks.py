"""The tick of panels."""

from celery import shared_task
from django.utils import timezone

from campaigns.panel.actions import panels
from core import journal


@shared_task
@journal.through(journal.Means.SCHEDULER)
def follow() -> None:
    """Freeze, draw, call, tell and end what is due. Each minute: a draw is announced for a minute. Idempotent."""
    panels.follow(timezone.now())
