"""Tasks of the calendar: consultations open on their day."""

from celery import shared_task
from django.utils import timezone

from campaigns.plans.actions import campaigns


@shared_task
def open_due() -> None:
    """Open the approved consultations whose day has come. Idempotent."""
    campaigns.open_due(timezone.localdate())
