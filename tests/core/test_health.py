"""/health answers while the process runs; /ready names the missing dependencies."""

import os
from datetime import timedelta

import pytest
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from core import jobs
from core.database.postgres import base
from core.database.postgres.base import DatabaseWrapper
from core.models import WorkerBeat
from core.operations import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def workers():
    health.heard_from(health.worked_queues())


def ready(client):
    response = client.get("/ready")
    return response.status_code, response.json()["down"]


def test_health_needs_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_when_everything_answers(client, workers):
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "down": []})
    assert response["Cache-Control"] == "no-store"


def test_ready_asks_whether_the_database_is_there_before_it_waits_for_a_statement(client, monkeypatch):
    """A silent one would keep a statement for a second before it is asked whether it is there, as anywhere else."""
    monkeypatch.setattr(DatabaseWrapper, "is_up", lambda _self: False)
    monkeypatch.setattr(connection, "cursor", lambda *_: pytest.fail("a statement was sent"))
    assert ready(client) == (503, ["database"])


def test_ready_waits_for_less_than_the_two_seconds_that_it_promises():
    """To connect and to be answered by the database, and for all other parts beside it (docs/faults.md)."""
    assert max(2 * base.ANSWER, health.PATIENCE) <= 1.6


def test_ready_names_a_migration_that_is_left_and_asks_no_table_that_it_may_lock(client, monkeypatch):
    applied = MigrationRecorder.applied_migrations
    [last] = MigrationLoader(connection).graph.leaf_nodes("core")
    monkeypatch.setattr(health, "_migrated", [])
    with monkeypatch.context() as patch:
        patch.setattr(
            MigrationRecorder,
            "applied_migrations",
            lambda own: {name: row for name, row in applied(own).items() if name != last},
        )
        patch.setattr(health, "silent_queues", lambda: pytest.fail("a table of the portal was asked"))
        assert ready(client) == (503, ["migrations"])
    health.heard_from(health.worked_queues())
    assert ready(client) == (200, [])
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda own: pytest.fail("asked again"))
    assert ready(client) == (200, [])


def test_ready_needs_no_sign_in(client, workers):
    assert client.get("/health").status_code == client.get("/ready").status_code == 200


def test_a_database_that_is_down_is_named(client, monkeypatch):
    def fail(*_args, **_options):
        raise Error("no server at secret-host")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", fail)
        response = client.get("/ready")
    assert (response.status_code, response.json()["down"]) == (503, ["database"])
    assert b"secret-host" not in response.content


def test_a_keyring_that_cannot_be_read_is_named(client, workers, settings, tmp_path):
    settings.KEYRING, settings.MAKE_KEYRING = tmp_path / "none.json", False
    assert ready(client) == (503, ["keys"])


@pytest.mark.parametrize("broken", ["full", "read-only"])
def test_an_unwritable_storage_is_named(client, workers, monkeypatch, broken):
    if broken == "full":
        monkeypatch.setattr(health, "ROOM", 1 << 62)
    else:
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert ready(client) == (503, ["storage"])


def test_each_queue_without_a_worker_is_named(client, workers):
    queues = health.worked_queues()
    assert "default" in queues
    WorkerBeat.objects.filter(queue=queues[0]).update(at=timezone.now() - timedelta(seconds=61))
    assert ready(client) == (503, [f"worker:{queues[0]}"])
    WorkerBeat.objects.all().delete()
    assert ready(client) == (503, [f"worker:{queue}" for queue in queues])


def test_a_queue_is_required_once_a_kind_of_job_uses_it(client, workers, monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    jobs.register("try", task="tests.try", queue="tries", label="Essai", done_url=lambda job: "/")
    assert ready(client) == (503, ["worker:tries"])
    health.heard_from(["tries"])
    assert ready(client) == (200, [])


def test_a_new_heartbeat_replaces_the_last_one(workers):
    WorkerBeat.objects.update(at=timezone.now() - timedelta(hours=1))
    health.heard_from(["default"])
    assert WorkerBeat.objects.get(queue="default").at > timezone.now() - timedelta(minutes=1)
    assert WorkerBeat.objects.filter(queue="default").count() == 1
