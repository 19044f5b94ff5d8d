from celery import shared_task

from accounts.actions import closing
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
