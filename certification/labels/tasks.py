from uuid import UUID

from celery import shared_task

from certification.labels.actions import checks, complaints, evidence, notices, resident_notices, withdrawing
from core import journal


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify() -> None:
    """Tell publishers and agents what waits for them, residents what is answered or stopped. Each five minutes."""
    notices.send_due()
    complaints.notify_answers()
    resident_notices.send_due()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def end_grants() -> None:
    """End the agreements with services whose label was withdrawn. Each minute."""
    withdrawing.end_grants()


@shared_task
def delete_evidence() -> None:
    """Delete the evidence whose retention has ended. Each hour."""
    evidence.delete_due()


@shared_task
def run_checks(run_id: str) -> None:
    checks.run(run_id=UUID(run_id))


@shared_task
def send_checks() -> None:
    checks.send_lost()


@shared_task
def ask_daily_checks() -> None:
    checks.ask_daily()
