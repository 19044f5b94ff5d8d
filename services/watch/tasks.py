from celery import shared_task

from core import journal
from services.watch import across
from services.watch.actions import telling
from services.watch.enums import QUEUE

#: Seconds after which a tick that no worker took is dropped: the next one does its work.
EXPIRES = 60


@shared_task
@journal.through(journal.Means.SCHEDULER)
def follow() -> int:
    """Wake the worker of the watch if somebody has it, then tell what was found. Each minute, in any worker."""
    if across.is_any():
        look.apply_async(queue=QUEUE, expires=EXPIRES)
    return telling.tell()


@shared_task
def purge() -> int:
    """Delete what was found a year ago. Each hour, in any worker."""
    return across.delete_old_findings()


@shared_task
@journal.through(journal.Means.SCHEDULER)
def look() -> int:
    """Look at the watches that are due. Only the workers of the queue `watch` run it: it loads the engine."""
    from services.watch.actions import evaluating

    return evaluating.look()
