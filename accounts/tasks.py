from celery import shared_task

from accounts.actions import closing, desk, notices
from accounts.sign_in.sessions import SessionStore
from core import journal


@shared_task
def purge_sessions() -> None:
    """Delete expired sessions."""
    SessionStore.clear_expired()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def close_due() -> None:
    """Every hour, close the vaults whose date has come."""
    closing.close_due()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_resets() -> None:
    """Tell users that somebody asked to remove their second factor, or that it was decided. Each five minutes too."""
    desk.notify_resets()


@shared_task
def notify_decisions() -> None:
    """Tell who governs of nominations and settings that were proposed or decided. Each five minutes too."""
    notices.notify_decisions()
