from celery import shared_task

from core import journal
from vault.journal.actions import alerts, contests
from vault.journal.actions import journal as journal_actions


@shared_task
@journal.through(journal.Means.SCHEDULER)
def send_alerts() -> None:
    """Send the alerts that residents chose, and notify those whose contest was answered."""
    alerts.send_journal_alerts()
    contests.notify_contest_answers()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_journal_purge() -> None:
    journal_actions.notify_journal_purge()
