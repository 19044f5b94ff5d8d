"""A broker that is down delays a request by two seconds at most; the job waits and is sent later."""

import time
import uuid

import pytest
from celery import current_app
from django.conf import settings
from django.db import transaction
from django_scopes import scopes_disabled
from kombu.connection import Connection

from config import environment
from core import jobs
from core.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
#: Nothing listens on port 1.
DOWN = ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1"]


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    jobs.register("try", task="tests.try", queue=f"test-{uuid.uuid4().hex}", label="Essai", done_url=lambda job: "/")


def create() -> Job:
    with transaction.atomic():
        return jobs.create(resident_id=uuid.uuid4(), kind="try", subject_id=uuid.uuid4(), purpose="Essayer")


def now(job: Job) -> Job:
    with scopes_disabled():
        return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize("url", DOWN)
def test_the_request_succeeds_and_the_sweep_sends_the_job_later(url, monkeypatch):
    send, options = current_app.send_task, environment.broker_options(url, settings.BROKER_FOLDER)
    with monkeypatch.context() as patch:
        timeout = settings.CELERY_BROKER_CONNECTION_TIMEOUT
        connection = Connection(url, transport_options=options, connect_timeout=timeout)
        patch.setattr(current_app, "send_task", lambda *args, **more: send(*args, connection=connection, **more))
        start = time.monotonic()
        job = create()
        assert time.monotonic() - start < 10
        assert (now(job).state, now(job).sent_at) == (Job.State.WAITING, None)
        assert jobs.sweep() == 0
    assert jobs.sweep() == 1
    assert now(job).sent_at is not None


def test_a_missing_broker_folder_counts_as_a_broker_that_is_down(monkeypatch, tmp_path):
    send = current_app.send_task
    options = environment.broker_options("", tmp_path / "nowhere")
    with monkeypatch.context() as patch:
        connection = Connection("filesystem://", transport_options=options)
        patch.setattr(current_app, "send_task", lambda *args, **more: send(*args, connection=connection, **more))
        assert now(create()).sent_at is None
    assert jobs.sweep() == 1
