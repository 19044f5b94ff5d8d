from uuid import UUID

from celery import shared_task

from core import jobs, journal, tampered
from vault.holders.actions import connections, lots, pulls, requests


@shared_task
def pull_connection(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            pulls.pull(
                connection_id=job.subject_id,
                unattended=job.job.basis != "own",
                progress=job.progress,
                finish=job.finish,
            )


@shared_task
@journal.through(journal.Means.SCHEDULER)
def pull_due() -> None:
    connections.ask_due()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_overdue_requests() -> None:
    requests.notify_overdue_requests()


@shared_task
@journal.through(journal.Means.API)
def write_lot(lot_id: str) -> None:
    lots.write(lot_id=UUID(lot_id))


@shared_task
@journal.through(journal.Means.API)
def write_lots() -> None:
    """Write what waits of lots whose message was lost, or whose worker died. Each minute."""
    for lot_id in lots.unfinished():
        try:
            lots.write(lot_id=lot_id)
        except tampered.SIGNS as sign:  # the others are written all the same
            tampered.report(sign)


@shared_task
def purge_lots() -> None:
    lots.purge()
