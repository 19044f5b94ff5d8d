from celery import shared_task

from core import journal
from vault.journal.actions import alerts, contests
from vault.journal.actions import journal as journal_actions


@shared_task
@journal.through(journal.Means.SCHEDULER)
def send_alerts() -> None:
    """Tell residents who chose it what others did, and those who contested an entry that it has an answer."""
    alerts.send_journal_alerts()
    contests.notify_contest_answers()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_journal_purge() -> None:
    journal_actions.notify_journal_purge()
