from uuid import UUID

from celery import shared_task

from core import jobs, journal
from services.requests.actions import answering


@shared_task
def write_letters(job_id: str) -> None:
    """Write the letters. Only the workers of the queue `documents` run it: it loads what seals."""
    from services.requests.actions import writing

    with jobs.running(UUID(job_id)) as run:
        if run is not None:
            writing.write_letters(run=run)


@shared_task
@journal.through(journal.Means.SCHEDULER)
def follow() -> int:
    return answering.follow()
