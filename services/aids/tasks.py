"""Tasks of the calendar: the official pages of local aids are looked at once a week."""

from celery import shared_task

from services.aids.actions import links


@shared_task
def look_at_links() -> None:
    """Look at the pages that are due. Idempotent."""
    links.look_at_due()
