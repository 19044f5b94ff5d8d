"""The portal's Celery with a kind of job made to be killed, on the broker and the queue given by the test.

python -m tests.faults.worker_app [WORKERS]         workers, as config.work starts them
celery -A tests.faults.worker_app beat
"""

import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import django
from celery import shared_task
from celery.signals import worker_init

from config.celery import app
from config.work import work

QUEUE = os.environ["TEST_QUEUE"]
FOLDER = Path(os.environ["TEST_FOLDER"])
STEPS = 40

app.conf.task_default_queue = QUEUE


@worker_init.connect
def register(**_: Any) -> None:
    from core import jobs

    jobs.register("slow", task="tests.slow", queue=QUEUE, label="Un long travail", done_url=lambda job: "/")


@shared_task(name="tests.slow")
def slow(job_id: str) -> None:
    """Run forty steps, each waiting for the test. Its effect is one journal entry, committed with the job's end."""
    from django.db import transaction

    from core import jobs, journal

    with jobs.running(UUID(job_id)) as run:
        if run is None:
            (FOLDER / f"left-{os.getpid()}").touch()
            return
        (FOLDER / f"taken-{run.attempt}").write_text(str(os.getpid()))
        for step in range(STEPS):
            _wait_while_held()
            run.progress(step, STEPS)
        with transaction.atomic():
            person = run.job.resident_id
            journal.write(resident_id=person, actor_id=person, event="dossier_built", purpose="Essayer")
            run.finish()


def _wait_while_held() -> None:
    from threading import Event

    while (FOLDER / "hold").exists():
        Event().wait(0.05)


django.setup()

if __name__ == "__main__":
    sys.exit(work(app, QUEUE, workers=int(sys.argv[1])))
