"""The Celery application, which carries a job's id to a worker; the job's row is authoritative (core/jobs)."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from django.core.exceptions import ImproperlyConfigured
from kombu.transport import TRANSPORT_ALIASES

from config import processes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
# Celery would run Django's checks, 0.4 s, and ignore what they answer: `refuse_unsafe_server` does not.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

TRANSPORT_ALIASES["filesystem"] = "config.file_broker:Transport"
#: Queues whose tasks sign, or hash under SECRET_KEY. No other worker has it, nor the scheduler.
SIGNING = {"default", "documents"}
app = Celery("garant")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def make_folders(sender: Celery, **_: Any) -> None:
    """Make the folders of the file-system broker. Without them, publishing fails with FileNotFoundError."""
    options = sender.conf.broker_transport_options
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(mode=0o700, parents=True, exist_ok=True)


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Keep Django's logging. Celery's own would log task arguments and raw messages; any receiver here disables it."""


@worker_init.connect
def refuse_unsafe_worker(sender: Any, **_: Any) -> None:  # noqa: ANN401 - Celery's worker has no type
    refuse_unsafe_server(sender.app.amqp.queues.consume_from)


@beat_init.connect
def refuse_unsafe_scheduler(**_: Any) -> None:
    refuse_unsafe_server([])


def refuse_unsafe_server(queues: Iterable[str]) -> None:
    """Exit if this server is unsafe. Celery would only log an exception of a receiver and continue.

    Args:
        queues: those of a worker; none for the scheduler.
    """
    from config import checks

    try:
        checks.refuse_to_serve(signs=not SIGNING.isdisjoint(queues))
    except ImproperlyConfigured as reason:
        sys.exit(str(reason))


@worker_process_init.connect
def die_with_worker(**_: Any) -> None:
    processes.die_with_parent()
