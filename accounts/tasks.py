from celery import shared_task

from accounts.sessions import SessionStore


@shared_task
def purge_sessions() -> None:
    """They open nothing already; this frees their rows."""
    SessionStore.clear_expired()
