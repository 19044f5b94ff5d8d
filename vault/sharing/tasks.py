from celery import shared_task

from core import journal
from vault.sharing.actions import asking, desk, emergency, grant_reminders


@shared_task
@journal.through(journal.Means.SCHEDULER)
def send_grant_reminders() -> None:
    grant_reminders.send_expiry_reminders()
    grant_reminders.send_unused_reminders()
    grant_reminders.send_return_notices()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_requests() -> None:
    """Notify residents of access requests and emergency accesses. End desk visits whose session is over."""
    desk.end_left()
    asking.notify_access_requests()
    emergency.notify_emergency_accesses()


@shared_task
def notify_emergencies() -> None:
    emergency.notify_emergency_accesses()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def text_codes() -> None:
    """Send the codes that residents say to the companion beside them. Runs every fifteen seconds."""
    asking.text_codes()
