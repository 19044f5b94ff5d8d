"""A real worker is killed during a job, on each broker: the effect happens once, within a minute."""

import base64
import json
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_scopes import scopes_disabled
from kombu.connection import Connection

from config import environment
from core import jobs, journal
from core.models import Job, WorkerBeat
from core.operations import health
from core.residents import prepare
from tests.faults.web import children_of, is_running
from tests.nursery import Forked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("workers")]
BROKERS = {"files": "", "redis": "redis://127.0.0.1:6379/9", "rabbitmq": "amqp://guest:guest@127.0.0.1:5672"}
PORTS = {"redis": 6379, "rabbitmq": 5672}
PATIENCE = 60
State = Job.State


@dataclass
class Bench:
    """One broker, one queue, and the workers that a test starts and kills."""

    url: str
    queue: str
    folder: Path
    person: uuid.UUID
    processes: list[Forked] = field(default_factory=list)

    @property
    def hold(self) -> Path:
        return self.folder / "hold"

    def start(self, *arguments: str) -> Forked:
        variables = {
            "TEST_QUEUE": self.queue,
            "TEST_FOLDER": str(self.folder),
            "BROKER_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        }
        with open(self.folder / f"log-{len(self.processes)}", "wb") as log:
            process = Forked(*arguments, environment=variables, output=log)
        self.processes.append(process)
        return process

    def worker(self, count: int = 1) -> Forked:
        return self.start("tests.faults.worker_app", str(count))

    def beat(self) -> Forked:
        arguments = ["beat", "--pidfile", "", "--schedule", str(self.folder / "beat")]
        return self.start("celery", "-A", "tests.faults.worker_app", *arguments)

    def job(self) -> Job:
        with transaction.atomic():
            return jobs.create(resident_id=self.person, kind="slow", subject_id=uuid.uuid4(), purpose="Essayer")

    def pid_of(self, attempt: int) -> int:
        taken = self.folder / f"taken-{attempt}"
        self.until(lambda: taken.exists() and taken.read_text() != "", f"attempt {attempt}")
        return int(taken.read_text())

    def until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
        start = time.monotonic()
        while not true():
            ended = any(process.poll() not in {None, 0, -signal.SIGKILL} for process in self.processes)
            if ended or time.monotonic() - start > seconds:
                pytest.fail(f"{what} did not happen in {seconds} s:\n{self.logs()[-4000:]}")
            time.sleep(0.05)
        return time.monotonic() - start

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log-*")))

    def effects(self) -> int:
        return len(journal.entries(resident_id=self.person, limit=100_000))

    def stop(self) -> None:
        for process in self.processes:
            # Also what a killed one left behind: it may wait for ever, for a lock of the dead.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(name: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", PORTS[name]), timeout=1).close()
    except OSError:
        return False
    return True


def forget(broker: redis.Redis, queue: str) -> None:
    """Delete the messages that a killed worker had taken, which Redis keeps for an hour."""
    for key in broker.scan_iter(f"*{queue}*"):
        broker.delete(key)
    for tag, message in broker.hgetall("unacked").items():
        if queue.encode() in message:
            broker.hdel("unacked", tag)
            broker.zrem("unacked_index", tag)


@pytest.fixture(params=BROKERS)
def bench(request, tmp_path, monkeypatch) -> Iterator[Bench]:
    if request.param in PORTS and not answers(request.param):
        pytest.skip(f"NOT TESTED ON {request.param.upper()}: nothing answers on 127.0.0.1:{PORTS[request.param]}")
    person, queue, url = uuid.uuid4(), f"test-{uuid.uuid4().hex}", BROKERS[request.param]
    prepare(person)
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    jobs.register("slow", task="tests.slow", queue=queue, label="Un long travail", done_url=lambda job: "/")
    options = environment.broker_options(url, settings.BROKER_FOLDER)
    bench = Bench(url, queue, tmp_path, person)
    with Connection(url or "filesystem://", transport_options=options) as connection:
        send = current_app.send_task
        monkeypatch.setattr(current_app, "send_task", lambda *args, **more: send(*args, connection=connection, **more))
        yield bench
        bench.stop()
        connection.default_channel.queue_delete(queue)
    if url.startswith("redis:"):
        forget(redis.Redis.from_url(url), queue)


def now(job: Job) -> Job:
    with scopes_disabled():
        return Job.objects.get(pk=job.pk)


def time_passes(job: Job, **ago: float) -> None:
    """Make the last heartbeat of the job's worker that old."""
    with scopes_disabled():
        Job.objects.filter(pk=job.pk).update(
            heartbeat_at=timezone.now() - timedelta(**ago), sent_at=timezone.now() - timedelta(**ago)
        )


def test_a_job_is_done_and_its_worker_has_a_heartbeat(bench):
    bench.worker()
    job = bench.job()
    bench.until(lambda: now(job).state == State.DONE, "the job's end")
    assert bench.effects() == 1
    assert bench.queue not in health.silent_queues()


def test_a_worker_killed_with_its_pool_loses_no_job(bench):
    bench.hold.touch()
    worker = bench.worker()
    job = bench.job()
    bench.pid_of(1)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert bench.effects() == 0

    time_passes(job, seconds=26)
    bench.hold.unlink()
    bench.worker()
    bench.until(lambda: now(job).state == State.DONE, "the job's end after a restart")
    assert (now(job).attempts, bench.effects()) == (2, 1)
    assert journal.verify(resident_id=bench.person).bad == []


def test_a_killed_process_of_the_pool_loses_no_job(bench):
    bench.hold.touch()
    bench.worker()
    job = bench.job()
    os.kill(bench.pid_of(1), signal.SIGKILL)
    time_passes(job, seconds=26)
    bench.hold.unlink()
    bench.until(lambda: jobs.sweep() >= 0 and now(job).state == State.DONE, "the job's end")
    assert (now(job).losses, bench.effects()) == (1, 1)


def test_a_job_waits_while_no_worker_runs(bench):
    job = bench.job()
    assert now(job).state == State.WAITING
    bench.worker()
    bench.until(lambda: now(job).state == State.DONE, "the job's end")


def test_a_message_delivered_three_times_has_one_effect(bench):
    bench.hold.touch()
    bench.worker()
    job = bench.job()
    bench.pid_of(1)
    with scopes_disabled():
        assert jobs._publish(now(job))
        assert jobs._publish(now(job))
    bench.hold.unlink()
    bench.until(lambda: now(job).state == State.DONE, "the job's end")
    bench.until(lambda: any(bench.folder.glob("left-*")), "the second delivery")
    assert (now(job).attempts, bench.effects()) == (1, 1)


def test_a_job_cancelled_midway_publishes_nothing(bench):
    bench.hold.touch()
    bench.worker()
    job = bench.job()
    bench.pid_of(1)
    jobs.cancel(job=now(job), by=bench.person)
    bench.hold.unlink()
    bench.until(lambda: now(job).state == State.CANCELLED, "the cancellation")
    assert bench.effects() == 0


def test_a_worker_asked_to_stop_finishes_its_job_first(bench):
    bench.hold.touch()
    worker = bench.worker()
    job = bench.job()
    bench.pid_of(1)
    worker.terminate()
    bench.hold.unlink()
    assert worker.wait(PATIENCE) == 0
    assert (now(job).state, bench.effects()) == (State.DONE, 1)


def test_logs_do_not_name_the_jobs_resident(bench):
    job = bench.job()
    bench.worker()
    bench.until(lambda: now(job).state == State.DONE, "the job's end")
    bench.stop()
    assert '"logger": "celery' in bench.logs()
    assert str(bench.person) not in bench.logs()


@pytest.mark.parametrize("bench", ["files"], indirect=True)
def test_a_message_has_only_the_jobs_id(bench):
    job = bench.job()
    (message,) = [
        path.read_text() for path in (settings.BROKER_FOLDER / "messages").iterdir() if bench.queue in path.name
    ]
    body = base64.b64decode(json.loads(message)["body"]).decode()
    assert json.loads(body)[0] == [str(job.pk)]
    assert str(bench.person) not in message + body
    assert "Essayer" not in message + body


class Keeper:
    """Starts the workers and the scheduler, and starts them again when they end, as ops.services and systemd do."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.starts = {"workers": lambda: bench.worker(2), "scheduler": bench.beat}
        self.processes = {name: start() for name, start in self.starts.items()}

    def keep(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.processes[name] = self.starts[name]()

    def process(self) -> int:
        return last_child(self.processes["workers"].pid)

    def worker(self) -> int:
        return children_of(self.processes["workers"].pid)[0]

    def workers(self) -> int:
        return self.processes["workers"].pid

    def scheduler(self) -> int:
        return self.processes["scheduler"].pid

    def kill(self, victim: str) -> None:
        """Kill one process, and wait until it has ended."""
        pid = getattr(self, victim)()
        os.kill(pid, signal.SIGKILL)
        self.bench.until(lambda: not is_running(pid), f"the end of the {victim}")


@pytest.mark.parametrize("bench", ["files"], indirect=True)
def test_each_job_ends_once_within_a_minute_whatever_is_killed(bench, request):
    """Without changing the clock. `--kills 160` kills each twenty times while it waits, and while it works."""
    keeper, several, slowest = Keeper(bench), [bench.job()], 0.0
    bench.until(lambda: now(several[0]).state == State.DONE, "the first job's end")
    for _round in range(max(1, request.config.getoption("--kills") // 8)):
        for victim in ("process", "worker", "workers", "scheduler"):
            for is_working in (False, True):
                several += kill(bench, keeper, victim, is_working)
        slowest = max(slowest, bench.until(partial(all_done, keeper, several), "the jobs' end", seconds=60))
    assert bench.effects() == len(several)
    assert journal.verify(resident_id=bench.person).bad == []
    sys.stdout.write(f"{len(several)} jobs done once, the last {slowest:.0f} s after the last kill\n")


def kill(bench: Bench, keeper: Keeper, victim: str, is_working: bool) -> list[Job]:
    """Kill one process, waiting or working, and return the jobs it could have had."""
    bench.until(lambda: can_be_killed(keeper, victim), f"a running {victim}")
    if not is_working:
        keeper.kill(victim)
        return [bench.job() for _ in range(2)]
    bench.hold.touch()
    began, several = timezone.now(), [bench.job() for _ in range(2)]
    bench.until(lambda: is_at_work(keeper, since=began), "a job under way")
    keeper.kill(victim)
    bench.hold.unlink()
    return several


def can_be_killed(keeper: Keeper, victim: str) -> bool:
    keeper.keep()
    workers = children_of(keeper.workers())
    return victim == "scheduler" or (len(workers) == 2 and all(children_of(worker) for worker in workers))


def is_at_work(keeper: Keeper, since: datetime) -> bool:
    keeper.keep()
    with scopes_disabled():
        return Job.objects.filter(state=State.RUNNING, heartbeat_at__gt=since).exists()


def all_done(keeper: Keeper, several: list[Job]) -> bool:
    keeper.keep()
    return all(now(job).state == State.DONE for job in several)


def last_child(process: int) -> int:
    children = children_of(process)
    return last_child(children[0]) if children else process


def test_a_worker_without_a_heartbeat_is_reported(bench):
    worker = bench.worker()
    bench.until(lambda: bench.queue not in health.silent_queues(), "a sign of life")
    os.killpg(worker.pid, signal.SIGKILL)
    WorkerBeat.objects.filter(queue=bench.queue).update(at=timezone.now() - timedelta(seconds=61))
    assert bench.queue in health.silent_queues()


@pytest.mark.parametrize("bench", ["files"], indirect=True)
def test_a_process_killed_while_it_waits_stops_no_job(bench, monkeypatch):
    """The message that its worker had taken is lost with it, and sent again: after two seconds here, not thirty."""
    monkeypatch.setattr(jobs, "UNANSWERED", timedelta(seconds=2))
    worker = bench.worker()
    several = [bench.job()]
    bench.until(lambda: now(several[0]).state == State.DONE, "the first job's end")
    time.sleep(0.5)  # Nothing shows that the process waits for the next job.
    os.kill(last_child(worker.pid), signal.SIGKILL)
    several += [bench.job() for _ in range(5)]
    bench.until(lambda: jobs.sweep() >= 0 and all(now(job).state == State.DONE for job in several), "the jobs' end")
    assert bench.effects() == len(several)


@pytest.mark.parametrize("bench", ["files"], indirect=True)
def test_a_queue_whose_jobs_wait_is_reported(bench, client):
    job = bench.job()
    health.heard_from([bench.queue])
    with scopes_disabled():
        Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=6))
    assert f"jobs:{bench.queue}" in client.get("/ready").json()["down"]
