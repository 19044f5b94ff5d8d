"""What Celery runs for core. Beat ticks `sweep` and `seal`; a worker says by itself that it is there."""

from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready
from django.core.cache import cache
from django.db import Error, connection

from core import health, jobs
from core.files import resumable
from core.files.storage import DAY, sealed_storage
from core.journal import checkpoints

BEAT = 15


@shared_task
def sweep() -> None:
    """Every 15 s jobs that were lost are sent again, and uploads given up are removed; once a day, orphan files and old jobs."""
    jobs.sweep()
    resumable.sweep()
    if cache.add("storage swept", True, DAY.total_seconds()):
        sealed_storage.sweep()
        jobs.purge()


@shared_task
def seal() -> None:
    """Every minute: what was written in the journals goes under a checkpoint."""
    checkpoints.seal()


@worker_ready.connect
def present(sender: Any, **_: Any) -> None:  # noqa: ANN401 - Celery's consumer has no type
    """A worker that starts says so at once, then from its own loop, and brings back what the last one was doing."""
    queues = [queue.name for queue in sender.task_consumer.queues]
    beat(queues)
    sender.timer.call_repeatedly(BEAT, beat, (queues,))
    if current_app.conf.task_default_queue in queues:
        sweep.delay()


def beat(queues: list[str]) -> None:
    """The connection is closed each time: the pool's children must not inherit it."""
    try:
        health.heard_from(queues)
    except Error:
        jobs.logger.warning("a worker's sign of life could not be written")
    finally:
        connection.close()
