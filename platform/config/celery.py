"""Celery carries a job's id to a worker; the job's row is the truth (core/jobs.py)."""

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from django.core.exceptions import ImproperlyConfigured
from kombu.transport import TRANSPORT_ALIASES

from config import processes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

TRANSPORT_ALIASES["filesystem"] = "config.file_broker:Transport"
app = Celery("garant")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def make_folders(sender: Celery, **_: Any) -> None:
    """The file-system broker makes none of its folders, and publishing then fails with FileNotFoundError."""
    options = sender.conf.broker_transport_options
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(mode=0o700, parents=True, exist_ok=True)


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Celery's own would write task arguments and messages as they come; a receiver here is enough to keep it away."""


@worker_init.connect
@beat_init.connect
def refuse_unsafe_settings(**_: Any) -> None:
    """Celery logs what a receiver raises and goes on: only leaving stops it."""
    from config import checks

    try:
        checks.refuse_to_start()
    except ImproperlyConfigured as reason:
        sys.exit(str(reason))


@worker_process_init.connect
def die_with_worker(**_: Any) -> None:
    processes.die_with_parent()
