from celery import shared_task

from accounts.actions import closing
from accounts.sign_in.sessions import SessionStore
from core import journal


@shared_task
def purge_sessions() -> None:
    """They open nothing already; this frees their rows."""
    SessionStore.clear_expired()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def close_due() -> None:
    """Every hour: vaults whose resident asked to close them thirty days ago."""
    closing.close_due()
