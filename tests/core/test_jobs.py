"""Jobs: rows written with their request, with their effect once, and recovered after a lost message or worker."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction
from django.test import TestCase
from django.utils import timezone
from django_scopes import get_scope, scope, scopes_disabled
from kombu.exceptions import OperationalError

from core import jobs
from core.models import Job
from core.telemetry.logs import JsonFormatter

pytestmark = pytest.mark.django_db
#: Copying the database is slow: only for tests that must really commit.
committed = pytest.mark.django_db(transaction=True)
State = Job.State


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    kinds = dict(jobs._kinds)
    monkeypatch.setattr(jobs, "_kinds", kinds)
    jobs.register(
        "try", task="tests.try", queue="tries", label="Essai", done_url=lambda job: f"/essai/{job.subject_id}/"
    )


@pytest.fixture
def sent(monkeypatch):
    """Return the messages sent to the broker: (task, job's id, queue)."""
    messages = []
    monkeypatch.setattr(
        current_app, "send_task", lambda task, args, **options: messages.append((task, args[0], options["queue"]))
    )
    return messages


@pytest.fixture
def broker_down(monkeypatch):
    def fail(*_args, **_options):
        raise OperationalError("connection refused by secret-host")

    monkeypatch.setattr(current_app, "send_task", fail)


@pytest.fixture
def person():
    return uuid4()


def create(person, kind="try", **more):
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        return jobs.create(resident_id=person, kind=kind, subject_id=uuid4(), purpose="Essayer", **more)


@contextmanager
def taken(job) -> Iterator[jobs.Running]:
    with jobs.running(job.pk) as run:
        assert run is not None
        yield run


def now(job) -> Job:
    with scopes_disabled():
        return Job.objects.get(pk=job.pk)


def change(job, **values):
    with scopes_disabled():
        Job.objects.filter(pk=job.pk).update(**values)


@committed
def test_a_job_is_sent_after_its_request_commits(person, sent):
    with transaction.atomic():
        job = jobs.create(resident_id=person, kind="try", subject_id=uuid4(), purpose="Essayer")
        assert sent == []
    assert sent == [("tests.try", str(job.pk), "tries")]
    assert now(job).sent_at is not None
    assert now(job).state == State.WAITING


def test_a_failed_request_leaves_no_job(person, sent):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        jobs.create(resident_id=person, kind="try", subject_id=uuid4(), purpose="Essayer")
        raise ZeroDivisionError
    assert sent == []
    with scopes_disabled():
        assert not Job.objects.exists()


def test_a_request_succeeds_while_the_broker_is_down(person, broker_down, caplog):
    job = create(person)
    assert (now(job).state, now(job).sent_at) == (State.WAITING, None)
    assert "a job could not be sent" in caplog.text


@pytest.mark.parametrize("error", [OperationalError(), FileNotFoundError(), ConnectionRefusedError(), TimeoutError()])
def test_a_sending_error_does_not_reach_the_request(person, monkeypatch, error):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(current_app, "send_task", fail)
    assert now(create(person)).sent_at is None
    assert jobs.sweep() == 0


def test_an_unsent_job_is_sent_by_the_sweep(person, broker_down, monkeypatch):
    job, messages = create(person), []
    monkeypatch.setattr(current_app, "send_task", lambda task, args, **options: messages.append(args[0]))
    assert jobs.sweep() == 1
    assert messages == [str(job.pk)]
    assert jobs.sweep() == 0


def test_a_sweep_with_the_broker_still_down_tries_once(person, monkeypatch):
    tries = []

    def fail(*_args, **_options):
        tries.append(1)
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", fail)
    for _ in range(5):
        create(person)
    tries.clear()
    assert jobs.sweep() == 0
    assert len(tries) == 1


def test_a_job_of_a_removed_kind_does_not_block_others(person, sent, monkeypatch):
    jobs.register("gone", task="tests.gone", queue="tries", label="Essai", done_url=lambda _job: "/")
    old, job = create(person, kind="gone"), create(person)
    del jobs._kinds["gone"]
    for one in (old, job):
        change(one, sent_at=None)
    assert jobs.sweep() == 1
    assert now(old).state == State.WAITING


def test_an_unregistered_kind_is_refused(person):
    with pytest.raises(ValueError, match="nothing"):
        jobs.create(resident_id=person, kind="nothing", subject_id=uuid4(), purpose="x")


def test_a_job_runs_in_its_residents_scope(person, sent):
    job = create(person)
    with taken(job) as run:
        assert get_scope()["resident"] == person
        assert run.subject_id == job.subject_id
        assert now(job).state == State.RUNNING
    assert "resident" not in get_scope()
    assert now(job).state == State.DONE
    assert now(job).finished_at is not None


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED, State.RUNNING])
def test_a_second_delivery_is_skipped(person, sent, state):
    job = create(person)
    change(job, state=state, heartbeat_at=timezone.now())
    with jobs.running(job.pk) as run:
        assert run is None
    assert now(job).state == state


def test_an_unknown_job_is_skipped():
    with jobs.running(uuid4()) as run:
        assert run is None


@committed
def test_only_one_of_several_concurrent_deliveries_runs(person, sent):
    job, together, results = create(person), threading.Barrier(6), []

    def deliver(_):
        try:
            together.wait()
            with jobs.running(job.pk) as run:
                results.append(run is not None)
                together.wait()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, range(6)))
    assert sorted(results) == [False] * 5 + [True]
    assert now(job).attempts == 1


def test_progress_is_written(person, sent):
    job = create(person, total=4)
    with taken(job) as run:
        run.progress(1, 4)
        assert (now(job).done, now(job).total, now(job).percent) == (1, 4, 25)


def test_a_registered_problem_keeps_its_code(person, sent):
    job = create(person)
    with jobs.running(job.pk):
        raise jobs.Problem("paper_unreadable")
    assert (now(job).state, now(job).problem) == (State.FAILED, "paper_unreadable")


def test_an_unknown_error_is_recorded_without_its_message(person, sent, caplog):
    job = create(person)
    with jobs.running(job.pk):
        raise ValueError("canary")
    assert (now(job).state, now(job).problem) == (State.FAILED, "error")
    (record,) = [record for record in caplog.records if record.message == "a job failed"]
    line = JsonFormatter().format(record)
    assert "canary" not in line
    assert "builtins.ValueError" in line
    assert str(job.pk) in line


def test_a_job_over_the_time_limit_fails(person, sent):
    job = create(person)
    with jobs.running(job.pk):
        raise SoftTimeLimitExceeded
    assert (now(job).state, now(job).problem) == (State.FAILED, "too_long")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stopped_worker_puts_the_job_back(person, sent, stop):
    job = create(person)
    with pytest.raises(stop), jobs.running(job.pk):
        raise stop
    assert (now(job).state, now(job).sent_at) == (State.WAITING, None)
    assert jobs.sweep() == 1
    with taken(job) as run:
        assert run is not None
    assert now(job).state == State.DONE


def test_a_running_job_stops_at_its_next_step_once_cancelled(person, sent):
    job, steps = create(person), []
    with taken(job) as run:
        for step in range(10):
            run.progress(step, 10)
            steps.append(step)
            if step == 3:
                jobs.cancel(job=job, by=person)
    assert steps == [0, 1, 2, 3]
    assert now(job).state == State.CANCELLED


def test_a_waiting_job_is_cancelled_at_once_and_its_message_is_skipped(person, sent):
    job = create(person)
    jobs.cancel(job=job, by=person)
    jobs.cancel(job=job, by=person)
    assert now(job).state == State.CANCELLED
    with jobs.running(job.pk) as run:
        assert run is None


def test_cancelling_a_finished_job_does_nothing(person, sent):
    job = create(person)
    with jobs.running(job.pk):
        pass
    jobs.cancel(job=job, by=person)
    assert (now(job).state, now(job).cancel_asked) == (State.DONE, False)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_failed_or_cancelled_job_restarts_from_the_beginning(person, sent, state):
    job = create(person)
    change(job, state=state, problem="error", cancel_asked=True, done=7, losses=2, finished_at=timezone.now())
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.retry(job=job, by=person)
        jobs.retry(job=job, by=person)
    again = now(job)
    assert (again.state, again.problem, again.cancel_asked, again.done, again.losses, again.finished_at) == (
        State.WAITING,
        "",
        False,
        0,
        0,
        None,
    )
    assert len(sent) == 2
    with taken(job) as run:
        assert run.attempt == 1
    assert now(job).state == State.DONE


@pytest.mark.parametrize("state", [State.WAITING, State.RUNNING, State.DONE])
def test_retrying_an_active_or_done_job_does_nothing(person, sent, state):
    job = create(person)
    change(job, state=state, heartbeat_at=timezone.now())
    jobs.retry(job=job, by=person)
    assert now(job).state == state
    assert len(sent) == 1


@pytest.mark.parametrize("act", [jobs.cancel, jobs.retry])
def test_a_stranger_can_neither_cancel_nor_retry(person, sent, act):
    job = create(person)
    change(job, state=State.FAILED)
    with pytest.raises(PermissionDenied):
        act(job=job, by=uuid4())
    assert now(job).state == State.FAILED


def lost(job, **ago):
    change(job, state=State.RUNNING, attempts=1, heartbeat_at=timezone.now() - timedelta(**ago))


def test_a_job_without_a_heartbeat_is_sent_again(person, sent):
    job = create(person)
    lost(job, seconds=26)
    assert jobs.sweep() == 1
    assert (now(job).state, now(job).losses) == (State.WAITING, 1)
    assert [message[1] for message in sent] == [str(job.pk)] * 2
    with taken(job) as run:
        assert run.attempt == 2
    assert now(job).state == State.DONE


def test_a_job_with_a_heartbeat_is_not_sent_again(person, sent):
    job = create(person)
    lost(job, seconds=20)
    assert jobs.sweep() == 0
    assert now(job).state == State.RUNNING


def test_only_jobs_finished_ninety_days_ago_are_deleted(person, sent):
    old, recent, stuck = create(person), create(person), create(person)
    change(old, state=State.DONE, finished_at=timezone.now() - timedelta(days=91))
    change(recent, state=State.FAILED, finished_at=timezone.now() - timedelta(days=89))
    change(stuck, created_at=timezone.now() - timedelta(days=400))
    assert jobs.purge() == 1
    with scopes_disabled():
        assert set(Job.objects.values_list("pk", flat=True)) == {recent.pk, stuck.pk}


def test_a_lost_message_is_sent_again_after_half_a_minute(person, sent):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        create(person)
        clock.shift(timedelta(seconds=29))
        assert jobs.sweep() == 0
        clock.shift(timedelta(seconds=2))
        assert jobs.sweep() == 1
        assert jobs.sweep() == 0
    assert len(sent) == 2


def test_a_job_that_kills_its_workers_fails(person, sent):
    job = create(person)
    for _ in range(jobs.LOSSES):
        lost(job, minutes=2)
        jobs.sweep()
    assert (now(job).state, now(job).problem) == (State.FAILED, "worker_lost")
    assert len(sent) == jobs.LOSSES


def test_a_job_cancelled_after_its_worker_died_is_cancelled(person, sent):
    job = create(person)
    lost(job, minutes=2)
    jobs.cancel(job=job, by=person)
    assert jobs.sweep() == 0
    assert now(job).state == State.CANCELLED


@committed
def test_a_lost_attempt_cannot_overwrite_the_next_one(person, sent):
    """An attempt that wakes after its job was given to another one can neither publish, nor report, nor end it."""
    job = create(person)
    with taken(job) as slow:
        lost(job, minutes=2)
        jobs.sweep()
        with taken(job) as second:
            assert second.attempt == 2
            second.progress(5, 10)
            with pytest.raises(jobs.Cancelled):
                slow.progress(1, 10)
            with pytest.raises(jobs.Cancelled), transaction.atomic():
                slow.finish()
            assert (now(job).done, now(job).state) == (5, State.RUNNING)
        assert now(job).state == State.DONE
    assert now(job).state == State.DONE


@committed
def test_the_result_and_the_end_are_committed_together(person, sent):
    job, other = create(person), create(person)
    with taken(job) as run:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            change(other, purpose="effect")
            run.finish()
            raise ZeroDivisionError
        assert (now(other).purpose, now(job).state) == ("Essayer", State.RUNNING)
        with transaction.atomic():
            change(other, purpose="effect")
            run.finish()
        assert (now(other).purpose, now(job).state) == ("effect", State.DONE)
    assert now(job).state == State.DONE


@committed
def test_an_error_after_publication_does_not_undo_the_result(person, sent):
    job = create(person)
    with taken(job) as run:
        with transaction.atomic():
            run.finish()
        raise ValueError
    assert now(job).state == State.DONE


@committed
def test_a_job_cancelled_before_its_end_publishes_nothing(person, sent):
    job, other = create(person), create(person)
    with taken(job) as run:
        jobs.cancel(job=job, by=person)
        with transaction.atomic():
            change(other, purpose="effect")
            run.finish()
    assert (now(other).purpose, now(job).state) == ("Essayer", State.CANCELLED)


@committed
def test_finish_requires_a_transaction(person, sent):
    with taken(create(person)) as run, pytest.raises(RuntimeError):
        run.finish()


@committed
def test_heartbeats_use_another_connection(person, sent, monkeypatch):
    job, beaten = create(person), threading.Event()
    monkeypatch.setattr(jobs, "HEARTBEAT", timedelta(milliseconds=5))
    real = jobs.Running.beat

    def beat(run):
        real(run)
        beaten.set()

    monkeypatch.setattr(jobs.Running, "beat", beat)
    with jobs.running(job.pk):
        lost(job, minutes=2)
        assert beaten.wait(10)
        assert (now(job).heartbeat_at or job.created_at) > timezone.now() - timedelta(seconds=30)
    assert now(job).state == State.DONE


def test_heartbeat_continues_after_database_error(person, sent, monkeypatch, caplog):
    job, beats, twice = create(person), [], threading.Event()
    monkeypatch.setattr(jobs, "HEARTBEAT", timedelta(milliseconds=5))

    def beat(_run):
        beats.append(1)
        if len(beats) == 1:
            raise DatabaseError("the server is restarting")
        twice.set()

    monkeypatch.setattr(jobs.Running, "beat", beat)
    with jobs.running(job.pk):
        assert twice.wait(10)
    assert now(job).state == State.DONE
    assert "a heartbeat could not be written" in caplog.text


@committed
def test_two_concurrent_sweeps_count_one_loss(person, sent):
    jobs_lost = [create(person) for _ in range(5)]
    for job in jobs_lost:
        lost(job, minutes=2)
    together = threading.Barrier(4)

    def sweep(_):
        try:
            together.wait()
            jobs.sweep()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep, range(4)))
    assert [now(job).losses for job in jobs_lost] == [1] * 5


def test_the_message_has_only_the_jobs_id(person, monkeypatch):
    calls = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **options: calls.append((args, options)))
    job = create(person)
    ((args, options),) = calls
    assert args == ("tests.try", [str(job.pk)])
    assert str(person) not in str(options)


def test_jobs_are_found_only_in_their_residents_scope(person, sent):
    job = create(person)
    with scope(resident=uuid4()):
        assert not Job.objects.filter(pk=job.pk).exists()
    with scope(resident=person):
        assert Job.objects.filter(pk=job.pk).exists()


@pytest.mark.parametrize(
    ("change_of", "is_stuck"),
    [
        ({"created_at": timedelta(minutes=6)}, True),
        ({"created_at": timedelta(minutes=4)}, False),
        ({"created_at": timedelta(minutes=6), "heartbeat_at": timedelta(minutes=1)}, False),
    ],
)
def test_a_queue_whose_job_waits_for_five_minutes_is_stuck(person, sent, change_of, is_stuck):
    job = create(person)
    change(job, **{name: timezone.now() - ago for name, ago in change_of.items()})
    assert bool(jobs.stuck_queues()) is is_stuck


def test_a_queue_is_not_stuck_while_jobs_are_taken_or_wait_for_what_is_down(person, sent):
    waiting, other = create(person), create(person)
    change(waiting, created_at=timezone.now() - timedelta(minutes=6))
    change(other, state=State.DONE, heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert jobs.stuck_queues() == []
    change(other, heartbeat_at=timezone.now() - timedelta(minutes=6))
    assert jobs.stuck_queues() != []
    change(waiting, problem="keys_down")
    assert jobs.stuck_queues() == []
