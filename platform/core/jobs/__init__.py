"""Jobs: work done by a worker outside the request, as rows committed with the request's change.

    WAITING --running()--> RUNNING --> DONE | FAILED | CANCELLED
    RUNNING without a heartbeat --sweep()--> WAITING
    RUNNING --> WAITING, with a problem: a dependency is down (`Later`), `sweep` sends it again

The row is authoritative. The broker only carries its id, and may lose a message or deliver it twice. `sweep` sends
lost messages again; `running` skips a job that another worker has. An attempt that was considered lost cannot write
its end: each write names its attempt's number, which only grows.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from types import TracebackType
from typing import Self
from uuid import UUID

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django_scopes import scope, scopes_disabled
from kombu.exceptions import ChannelError, KombuError
from kombu.exceptions import ConnectionError as BrokerConnectionError

from core import journal, tampered
from core.keys import KeyringError
from core.models import Job
from core.telemetry import counters, logs

logger = logging.getLogger(__name__)

#: A job whose worker was killed is done within a minute: these, a sweep every 15 s, and the work itself.
HEARTBEAT = timedelta(seconds=5)
LOST = timedelta(seconds=25)
UNANSWERED = timedelta(seconds=30)
#: A queue where a job waited so long, while no worker took any, is reported.
STUCK = timedelta(minutes=5)
LOSSES = 3
#: How long the row of a finished job is kept, so that its page stays available. Its result is kept independently.
KEPT = timedelta(days=90)
BATCH = 500
TIME_LIMIT = timedelta(minutes=15)
BROKER_DOWN = (KombuError, ChannelError, BrokerConnectionError, OSError)
#: Problems of the portal, not of what a resident sent.
FAULTS = ("error", "too_long", "row_refused")
State = Job.State
CANCELLED = gettext_lazy("Annulé. Rien n’a été gardé de ce travail.")


class Problem(Exception):
    """A failure to explain to the resident. `code` is one that the job's kind registered."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Later(Exception):
    """A dependency is down. The job waits with this code's sentence, and is retried every minute without limit."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Cancelled(Exception):
    """The resident cancelled the job, or another attempt has it. Stop, and leave no partial result."""


@dataclass(frozen=True)
class Kind:
    task: str
    queue: str
    label: str | Promise
    done_url: Callable[[Job], str]
    problems: Mapping[str, str | Promise]
    cancelled: str | Promise


_kinds: dict[str, Kind] = {}
#: A kind that another version of the portal registers, while an upgrade is under way: its workers do the job.
UNKNOWN = Kind("", "", gettext_lazy("Travail d’une autre version du portail"), lambda _job: "/", {}, CANCELLED)


def register(
    kind: str,
    *,
    task: str,
    queue: str,
    label: str | Promise,
    done_url: Callable[[Job], str],
    problems: Mapping[str, str | Promise] | None = None,
    cancelled: str | Promise = CANCELLED,
) -> None:
    """Register a kind of job. Each app calls it once per kind in `AppConfig.ready`.

    `problems` maps each `Problem` code to its sentence. `cancelled` describes what remains of a job stopped midway.
    """
    _kinds[kind] = Kind(task, queue, label, done_url, problems or {}, cancelled)


def labels() -> list[tuple[str, str]]:
    """Return each kind with its label, for a list to choose from."""
    return sorted(((code, str(kind.label)) for code, kind in _kinds.items()), key=lambda one: one[1])


def kind_of(job: Job) -> Kind:
    return _kinds.get(job.kind, UNKNOWN)


def queues() -> list[str]:
    """Return the queues that workers must consume to run every registered kind."""
    return sorted({kind.queue for kind in _kinds.values()})


def create(*, resident_id: UUID, kind: str, subject_id: UUID, purpose: str, basis: str = "own", total: int = 0) -> Job:
    """Create a job in the request's transaction. It is published after the commit, or by the sweep if that fails."""
    if kind not in _kinds:
        raise ValueError(f"No app registered the kind of job “{kind}”.")
    with scope(resident=resident_id):
        job = Job.objects.create(
            resident_id=resident_id, kind=kind, subject_id=subject_id, purpose=purpose, basis=basis, total=total
        )
    _publish_on_commit(job)
    return job


def cancel(*, job: Job, by: UUID) -> Job:
    """Cancel a waiting job at once, or a running one at its next step. Does nothing to a finished job.

    Raises:
        PermissionDenied: `by` is not its owner.
    """
    with _locked(job, by) as row:
        if row.state == State.WAITING:
            row.state, row.finished_at = State.CANCELLED, timezone.now()
        elif row.state == State.RUNNING:
            row.cancel_asked = True
        row.save(update_fields=["state", "finished_at", "cancel_asked"])
    return row


def retry(*, job: Job, by: UUID) -> Job:
    """Start a failed or cancelled job again; idempotent.

    Raises:
        PermissionDenied: `by` is not its owner.
    """
    with _locked(job, by) as row:
        if row.state in {State.FAILED, State.CANCELLED}:
            row.state, row.problem, row.done, row.losses = State.WAITING, "", 0, 0
            row.cancel_asked, row.sent_at, row.heartbeat_at, row.finished_at = False, None, timezone.now(), None
            row.save()
            _publish_on_commit(row)
    return row


def sweep() -> int:
    """Send lost jobs again: never sent, not taken within 30 s, or taken by a worker without a heartbeat.

    A copy of a late message is harmless: `running` skips it. A job that lost its worker LOSSES times fails.
    """
    now = timezone.now()
    with scopes_disabled(), transaction.atomic():
        dead = Job.objects.select_for_update(skip_locked=True).filter(state=State.RUNNING, heartbeat_at__lt=now - LOST)
        for job in dead:
            _give_up(job)
    with scopes_disabled():
        due = Q(sent_at=None) | Q(sent_at__lt=now - UNANSWERED)
        lost = list(Job.objects.filter(due, state=State.WAITING, kind__in=_kinds).order_by("created_at")[:BATCH])
    # Each try may take 2 s while the broker is down, so the first failure ends the sweep.
    return sum(1 for _job in takewhile(_publish, lost))


def stuck_queues() -> list[str]:
    """Return the queues where a job waits for longer than `STUCK`, though none was taken or worked on meanwhile.

    A job that waits for a dependency that is down doesn't count.
    """
    long_ago = timezone.now() - STUCK
    with scopes_disabled():
        waiting = Job.objects.filter(state=State.WAITING, problem="", kind__in=_kinds)
        old = set(
            waiting.alias(since=Coalesce("heartbeat_at", "created_at"))
            .filter(since__lt=long_ago)
            .values_list("kind", flat=True)
        )
        alive = set(
            Job.objects.exclude(state=State.WAITING).filter(heartbeat_at__gte=long_ago).values_list("kind", flat=True)
        )
    queues = {_kinds[kind].queue for kind in old}
    return sorted(queues - {_kinds[kind].queue for kind in alive & _kinds.keys()})


def purge() -> int:
    """Delete jobs finished for longer than `KEPT`."""
    with scopes_disabled():
        return Job.objects.filter(finished_at__lt=timezone.now() - KEPT).delete()[0]


@dataclass
class Running:
    """One attempt at a job. Call `progress` or `check` at each step, outside any transaction."""

    job: Job
    attempt: int
    over: bool = False

    @property
    def subject_id(self) -> UUID:
        return self.job.subject_id

    def progress(self, done: int, total: int) -> None:
        """Record the progress, with a heartbeat.

        Raises:
            Cancelled: as `check`.
        """
        self.job.done, self.job.total = done, total
        self._mine().update(done=done, total=total, heartbeat_at=timezone.now())
        self.check()

    def check(self) -> None:
        """Check that this attempt still has the job.

        Raises:
            Cancelled: the resident cancelled it, or another attempt has it.
        """
        if self._mine().filter(cancel_asked=False).exists():
            return
        raise Cancelled

    def finish(self) -> None:
        """Mark the job as done, in the transaction that publishes the result: both commit or neither does.

        Raises:
            Cancelled: as `check`; the transaction must not commit.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("A job is finished in the transaction that publishes its result.")
        if not self._end(State.DONE, cancel_asked=False):
            raise Cancelled
        transaction.on_commit(self._set_over)

    def beat(self) -> None:
        self._mine().update(heartbeat_at=timezone.now())

    def end(self, state: State, problem: str = "") -> None:
        if not self.over and not self._end(state, problem):
            logger.warning(
                "another attempt has this job: its end was not written", extra={"job": self.job.pk, "code": state}
            )

    def wait(self, problem: str) -> None:
        self._mine().update(state=State.WAITING, sent_at=timezone.now(), problem=problem, done=0)

    def put_back(self) -> None:
        self._mine().update(state=State.WAITING, sent_at=None)

    def _set_over(self) -> None:
        self.over = True

    def _mine(self) -> QuerySet[Job]:
        return Job.objects.filter(pk=self.job.pk, state=State.RUNNING, attempts=self.attempt)

    def _end(self, state: State, problem: str = "", **where: bool) -> int:
        ended = self._mine().filter(**where).update(state=state, problem=problem, finished_at=timezone.now())
        if ended:
            counters.add("garant_job_ends_total", kind=self.job.kind, state=state)
        if ended and problem in FAULTS:
            counters.add("garant_job_failures_total")
        return ended


@contextmanager
def running(job_id: UUID) -> Iterator[Running | None]:
    """Take a waiting job and run the block in its resident's scope. Yield None if the job is not waiting any more.

    The row always records how the block ended. Exceptions are logged and not raised again; their messages are left out
    of the log, since they may hold content.
    """
    job = _take(job_id)
    if job is None:
        yield None
        return
    run = Running(job, job.attempts)
    with (
        logs.identified(str(job_id)),
        scope(resident=job.resident_id),
        journal.through(journal.Means.JOB),
        _Ending(run),
        _Heartbeats(run),
    ):
        yield run


class _Ending:
    def __init__(self, run: Running) -> None:
        self._run = run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        fields = {"job": self._run.job.pk, "kind": self._run.job.kind}
        if error is None:
            self._run.end(State.DONE)
        elif isinstance(error, Cancelled):
            self._run.end(State.CANCELLED)
        elif isinstance(error, Problem):
            logger.warning("a job met a known problem", extra=fields | {"code": error.code})
            self._run.end(State.FAILED, error.code)
        elif isinstance(error, Later):
            logger.warning("a job waits for what it needs", extra=fields | {"code": error.code})
            self._run.wait(error.code)
        elif isinstance(error, KeyringError):
            logger.error("a job waits for the keys", exc_info=error, extra=fields)
            self._run.wait("keys_down")
        elif isinstance(error, tampered.SIGNS):
            tampered.report(error)
            self._run.end(State.FAILED, "row_refused")
        elif isinstance(error, SoftTimeLimitExceeded):
            logger.error("a job took too long", extra=fields)
            self._run.end(State.FAILED, "too_long")
        elif isinstance(error, Exception):
            logger.error("a job failed", exc_info=error, extra=fields)
            self._run.end(State.FAILED, "error")
        else:
            # The worker is stopping: another worker takes the job at the next sweep.
            self._run.put_back()
            return False
        return True


class _Heartbeats:
    """Writes a heartbeat every 5 s, from a thread with its own database connection."""

    def __init__(self, run: Running) -> None:
        self._run = run
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat {run.job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        with scope(resident=self._run.job.resident_id):
            while not self._over.wait(HEARTBEAT.total_seconds()):
                try:
                    self._run.beat()
                except DatabaseError:
                    logger.warning("a heartbeat could not be written", extra={"job": self._run.job.pk})
                    connection.close()
        connection.close()


def _take(job_id: UUID) -> Job | None:
    now = timezone.now()
    with scopes_disabled():
        taken = Job.objects.filter(pk=job_id, state=State.WAITING).update(
            state=State.RUNNING, attempts=F("attempts") + 1, heartbeat_at=now, done=0
        )
        return Job.objects.get(pk=job_id) if taken else None


def _give_up(job: Job) -> None:
    job.losses += 1
    job.sent_at = None
    if job.cancel_asked:
        job.state, job.finished_at = State.CANCELLED, timezone.now()
    elif job.losses >= LOSSES:
        job.state, job.problem, job.finished_at = State.FAILED, "worker_lost", timezone.now()
    else:
        job.state = State.WAITING
    logger.warning("a worker was lost with a job", extra={"job": job.pk, "kind": job.kind, "count": job.losses})
    job.save(update_fields=["losses", "sent_at", "state", "problem", "finished_at"])


@contextmanager
def _locked(job: Job, by: UUID) -> Iterator[Job]:
    if by != job.resident_id:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=job.resident_id):
        yield Job.objects.select_for_update().get(pk=job.pk)


def _publish_on_commit(job: Job) -> None:
    transaction.on_commit(lambda: _publish(job), robust=True)


def _publish(job: Job) -> bool:
    """Try to publish once. Return False if the broker is down, or if the kind is for another version to publish."""
    kind = kind_of(job)
    if kind is UNKNOWN:
        return False
    limit = TIME_LIMIT.total_seconds()
    try:
        current_app.send_task(
            kind.task,
            [str(job.pk)],
            queue=kind.queue,
            retry=False,
            ignore_result=True,
            soft_time_limit=limit,
            time_limit=limit + 60,
        )
    except BROKER_DOWN as error:
        logger.warning(
            "a job could not be sent and waits for the sweep", exc_info=error, extra={"job": job.pk, "kind": job.kind}
        )
        return False
    with scope(resident=job.resident_id):
        Job.objects.filter(pk=job.pk, state=State.WAITING).update(sent_at=timezone.now())
    return True
