"""Health checks. `/health` answers if this process runs; `/ready` also checks what it depends on. No personal data."""

import os
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import FileSystemStorage
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import jobs, keys
from core.confinement import starting
from core.database.postgres.base import DatabaseWrapper
from core.files import antivirus
from core.files.storage import ListingStorage, sealed_storage
from core.models import WorkerBeat

SILENT = timedelta(seconds=60)
ROOM = 64 * 1024 * 1024
#: Seconds that the parts have to answer.
PATIENCE = 1.5
_queues: dict[str, Callable[[], bool]] = {}
#: Holds True once all migrations of this code were found to have run: they do not go back.
_migrated: list[bool] = []
#: Signs of life that no queue gives: the scheduler's tick of each minute, the last whole backup, the last deletion of
#: old copies of the wrapped keys, and the last verification of all journals that found nothing.
SCHEDULER, BACKUP, KEYSTORES, VERIFIED = "scheduler's tick", "last backup", "old keys deleted", "journals verified"


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 503 with the names of the parts that are down."""
    down = parts_down()
    return JsonResponse({"status": "not ready" if down else "ready", "down": down}, status=503 if down else 200)


def parts_down() -> list[str]:
    """Return the names of the parts that are down. While the database or its tables are, skip those that need them.

    A migration under way may lock the tables that the others ask.
    """
    down = [name for name, up in parts_that_answer().items() if not up]
    if "database" not in down and not _is_migrated():
        down.append("migrations")
    elif "database" not in down:
        down += [f"worker:{queue}" for queue in silent_queues()] + [f"jobs:{queue}" for queue in jobs.stuck_queues()]
    return down


def parts_that_answer() -> dict[str, bool]:
    """Return each part that the portal depends on, and whether it answers within `PATIENCE`.

    All are asked at once: each has a time-out of its own, and whoever asks `/ready` has one too.
    """
    heard: dict[str, bool] = {}

    def ask(name: str, answers: Callable[[], bool]) -> None:
        heard[name] = answers()

    threads = [Thread(target=ask, args=part, daemon=True) for part in _PARTS.items()]
    for thread in threads:
        thread.start()
    until = time.monotonic() + PATIENCE
    heard["database"] = _database()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return {name: heard.get(name, False) for name in ("database", *_PARTS)}


def silent_queues() -> list[str]:
    """Return queues without a recent heartbeat."""
    heard = set(WorkerBeat.objects.filter(at__gte=timezone.now() - SILENT).values_list("queue", flat=True))
    return [queue for queue in worked_queues() if queue not in heard]


def register_queue(name: str, *, needed: Callable[[], bool]) -> None:
    """Register a queue of no job, whose worker must be alive while `needed`. Call it once in `AppConfig.ready`."""
    _queues[name] = needed


def worked_queues() -> list[str]:
    needed = (name for name, is_needed in _queues.items() if is_needed())
    return sorted({current_app.conf.task_default_queue, *jobs.queues(), *needed})


def last_sign(name: str) -> datetime | None:
    return WorkerBeat.objects.filter(queue=name).values_list("at", flat=True).first()


def last_signs() -> dict[str, datetime]:
    return dict(WorkerBeat.objects.values_list("queue", "at"))


def free_and_whole_space() -> dict[str, tuple[Path, int, int]]:
    """Return each folder on this machine that the portal fills, by the variable that names it: its bytes free, in all.

    A folder that is not there yet counts as the root's disk.
    """
    folders = {"GARANT_VAR": Path(settings.VAR)}
    if isinstance(inner := sealed_storage.inner, FileSystemStorage):
        folders["STORAGE_URL"] = Path(inner.location)
    usages = {name: shutil.disk_usage(folder if folder.exists() else "/") for name, folder in folders.items()}
    return {name: (folder, usages[name].free, usages[name].total) for name, folder in folders.items()}


def heard_from(queues: Iterable[str]) -> None:
    beats = [WorkerBeat(queue=queue, at=timezone.now()) for queue in queues]
    WorkerBeat.objects.bulk_create(beats, update_conflicts=True, unique_fields=["queue"], update_fields=["at"])


def _database() -> bool:
    """Ask in this thread, which has a connection. A new one to a server that says nothing would take longer."""
    asked = connections[DEFAULT_DB_ALIAS]  # `connection` is a proxy, of no backend's class
    if isinstance(asked, DatabaseWrapper) and not asked.is_up():
        return False
    try:
        with asked.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _is_migrated() -> bool:
    if not _migrated:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.append(True)
    return True


def _keys() -> bool:
    try:
        keys.keyring().check()
    except keys.KeyringError:
        return False
    return True


def _storage() -> bool:
    inner = sealed_storage.inner
    if isinstance(inner, ListingStorage):
        # Asking for one object would not detect a missing bucket.
        return _answers(lambda: next(inner.listing(), None))
    if not isinstance(inner, FileSystemStorage):
        return _answers(lambda: inner.exists("00/00/" + "0" * 32))
    return _answers(lambda: _has_room(inner.location))


def _answers(question: Callable[[], object]) -> bool:
    try:
        question()
    except OSError:
        return False
    return True


def _has_room(folder: str | os.PathLike[str]) -> None:
    """Check the free space of a folder.

    Raises:
        OSError: the folder is not writable, or has less than 64 MB left.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    free = os.statvfs(folder)
    if not os.access(folder, os.W_OK | os.X_OK) or free.f_bavail * free.f_frsize < ROOM:
        raise OSError


def _antivirus() -> bool:
    """Return False if the antivirus is down. Only papers wait for it."""
    return not antivirus.configured() or antivirus.answers()


#: Beside the database.
_PARTS: dict[str, Callable[[], bool]] = {
    "keys": _keys,
    "storage": _storage,
    "antivirus": _antivirus,
    "confinement": starting.can_confine,
}
