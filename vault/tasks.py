from uuid import UUID

from celery import shared_task

from core import jobs, journal
from vault import actions
from vault.actions import alerts, asking, connections, contests, desk, emergency, exports, grant_reminders, grants, pulls
from vault.actions import journal as journal_actions


@shared_task
def read_paper(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            actions.check_paper(paper_id=job.subject_id, progress=job.progress, finish=job.finish)


@shared_task
def pull_connection(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            pulls.pull(connection_id=job.subject_id, unattended=job.job.basis != "own", progress=job.progress, finish=job.finish)


@shared_task
@journal.through(journal.Means.SCHEDULER)
def pull_due() -> None:
    connections.ask_due()


@shared_task
def read_side(job_id: str) -> None:
    with jobs.running(UUID(job_id)) as job:
        if job is not None:
            actions.check_sides(paper_id=job.subject_id, finish=job.finish)


@shared_task
@journal.through(journal.Means.SCHEDULER)
def remind() -> None:
    """Every hour: what has come to its day is told once to its resident."""
    actions.tell_late()
    actions.tell_expiring()
    grant_reminders.tell_ending()
    grant_reminders.tell_unused()
    journal_actions.tell_ageing()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def tell_over() -> None:
    grants.tell_over()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def tell_of_the_journal() -> None:
    """Every five minutes: what others did, to those who chose to be told; answers to what was contested; what companions ask; visits at
    the desk whose agent has left."""
    desk.end_left()
    alerts.tell_alerts()
    contests.tell_answered()
    asking.tell_asked()
    emergency.tell_due()


@shared_task
def tell_of_emergencies() -> None:
    emergency.tell_due()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def text_codes() -> None:
    """Every fifteen seconds: somebody waits, with a companion beside them."""
    asking.text_codes()


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
    """Every hour: their page says until which day they are kept."""
    exports.purge()
