from uuid import UUID

from celery import shared_task

from core import jobs, journal
from vault.records import actions
from vault.records.actions import exports, grants


@shared_task
def read_paper(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            actions.check_paper(paper_id=job.subject_id, progress=job.progress, finish=job.finish)


@shared_task
def read_side(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            actions.check_sides(paper_id=job.subject_id, finish=job.finish)


@shared_task
def keep_data(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            actions.keep_data(paper_id=job.subject_id, progress=job.progress, finish=job.finish)


@shared_task
def make_export(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            exports.make(run=job)


@shared_task
def purge_exports() -> None:
    """Delete the expired copies. Runs every hour, because the page gives the last day of each copy."""
    exports.purge()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def notify_expiring_papers() -> None:
    actions.notify_expiring_papers()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def close_expired_grants() -> None:
    grants.close_expired_grants()
