"""The workers: `python -m config.work --queues default,documents --workers 2`.

Each is a Celery worker with one process for its jobs. When this process is killed while it waits, it keeps the lock of
its pool, and the next ones would wait for ever: so the worker ends with it, and another takes its place.
"""

import argparse
import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

import django
from celery import Celery
from celery.signals import worker_process_init, worker_ready

from config.celery import refuse_unsafe_server
from config.workers import Workers

#: Workers need no word from each other, and files cannot carry their gossip.
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
#: What the jobs of a queue load when they run, loaded before the fork so that its workers share it: up to 1 s.
HEAVY = {
    "default": ["config.urls"],
    "documents": ["config.urls", "services.dossiers.actions.building", "services.requests.actions.writing"],
}

#: Has the id of a worker once it takes jobs: each process forked later replaces one that ended.
_ready: set[int] = set()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.work", description="Do the jobs.")
    parser.add_argument("--queues", default="default,documents", help="names, separated by commas")
    parser.add_argument("--workers", type=int, default=2, help="jobs at once")
    parser.add_argument("--nice", type=int, default=0, help="leave the processor to others, from 0 to 19")
    chosen = parser.parse_args()
    os.nice(chosen.nice)
    from config.celery import app

    return work(app, chosen.queues, workers=chosen.workers)


def work(app: Celery, queues: str, *, workers: int) -> int:
    """Work until SIGTERM: jobs under way are finished first; SIGQUIT puts them back. Return the exit code."""
    django.setup()
    from core import jobs

    refuse_unsafe_server(queues.split(","))

    app.loader.import_default_modules()
    load(queues)
    gc.freeze()
    return Workers(lambda: _worker(app, queues), workers, patience=jobs.TIME_LIMIT.total_seconds()).run()


def load(queues: str) -> None:
    for queue in queues.split(","):
        for module in HEAVY.get(queue, []):
            import_module(module)


def _worker(app: Celery, queues: str) -> None:
    name = f"worker-{os.getpid()}@%h"
    app.worker_main(["--quiet", "worker", "--hostname", name, "--queues", queues, "--concurrency", "1", *QUIET])


@worker_ready.connect
def mark_ready(**_: Any) -> None:
    _ready.add(os.getpid())


@worker_process_init.connect
def end_with_process(**_: Any) -> None:
    """End the worker from the process that would replace its first one, before this process takes a job.

    Without that, a second attempt at the job that was lost could begin, and be lost with the worker.
    """
    if not _ready:
        return
    worker = os.getppid()
    if worker in _ready:
        os.kill(worker, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
