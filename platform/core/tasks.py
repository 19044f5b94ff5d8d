"""Celery tasks of core. Beat runs `sweep` and `seal`; each worker sends its own heartbeat."""

from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready
from django.core.cache import cache
from django.db import Error, connection

from core import jobs, once
from core.database import cache as core_cache
from core.files import resumable
from core.files.storage import DAY, sealed_storage
from core.journal import checkpoints
from core.operations import health
from core.pdf import leftovers

BEAT = 15


@shared_task
def sweep() -> None:
    """Send lost jobs again, delete abandoned uploads, renderer folders and expired counters, every 15 s.

    Once a day, delete orphan files and old jobs.
    """
    jobs.sweep()
    for queue in jobs.stuck_queues():
        jobs.logger.error("jobs wait and no worker takes them", extra={"queue": queue})
    resumable.sweep()
    leftovers.remove()
    core_cache.sweep()
    once.sweep()
    if cache.add("storage_swept", True, DAY.total_seconds()):
        sealed_storage.sweep()
        jobs.purge()


@shared_task
def seal() -> None:
    """Make a checkpoint of the journals, every minute. Only the scheduler sends this: it is its sign of life."""
    health.heard_from([health.SCHEDULER])
    checkpoints.seal()


@worker_ready.connect
def present(sender: Any, **_: Any) -> None:  # noqa: ANN401 - Celery's consumer has no type
    """Send a heartbeat when a worker starts, then regularly, and sweep at once to resume its predecessor's jobs."""
    queues = [queue.name for queue in sender.task_consumer.queues]
    beat(queues)
    sender.timer.call_repeatedly(BEAT, beat, (queues,))
    if current_app.conf.task_default_queue in queues:
        sweep.delay()


def beat(queues: list[str]) -> None:
    """Write the heartbeat. Closes the connection each time, because the pool's children must not inherit it."""
    try:
        health.heard_from(queues)
    except Error:
        jobs.logger.warning("a worker's sign of life could not be written")
    finally:
        connection.close()
