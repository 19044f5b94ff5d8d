from uuid import UUID

from celery import shared_task

from core import jobs, journal
from services.dossiers.actions import closing
from services.dossiers.actions import dossiers as actions


@shared_task
def build(job_id: str) -> None:
    """Build the dossier. Only the workers of the queue `documents` run it: it loads what draws and what seals."""
    from services.dossiers.actions import building

    with jobs.running(UUID(job_id)) as run:
        if run is not None:
            building.build_dossier(run=run)


@shared_task
@journal.through(journal.Means.SCHEDULER)
def purge() -> int:
    return actions.purge()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def warn_of_closing() -> int:
    return closing.warn()
