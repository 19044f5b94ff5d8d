"""The database is killed by kill -9 while journals are being written: every line that was acknowledged is there, and each chain follows."""

import os
import signal
import subprocess
import sys
import threading
import time
from uuid import uuid4

import psycopg
import pytest

from ops.databases import NAME
from tests.ops.conftest import cluster_in, until

pytestmark = pytest.mark.slow
SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "GARANT_TEST": "1"}


@pytest.fixture
def killable(tmp_path):
    with cluster_in(tmp_path / "var") as cluster:
        share = cluster.join()
        yield cluster
        os.close(share)


def started(cluster, *words):
    told = os.environ | SETTINGS | cluster.environment() | {"GARANT_VAR": str(cluster.var)}
    return subprocess.Popen(
        [sys.executable, *words], env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def done(cluster, *words):
    process = started(cluster, "manage.py", *words)
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, said + wrong
    return said


def test_acknowledged_lines_survive_and_the_chains_follow(killable):
    done(killable, "migrate", "--skip-checks", "-v0")
    people, acknowledged, last = [uuid4() for _ in range(3)], set(), [0.0]
    writer = started(killable, "-m", "tests.faults.journal_app", *map(str, people))

    def listen():
        for line in writer.stdout:
            person, number, at = line.split()
            acknowledged.add((person, int(number)))
            last[0] = float(at)

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    try:
        until(lambda: len(acknowledged) > 60, seconds=60)
        for _turn in range(2):
            before, killed = len(acknowledged), time.monotonic()
            os.kill(killable.postmaster, signal.SIGKILL)
            until(lambda before=before, killed=killed: len(acknowledged) > before + 30 and last[0] > killed + 0.05)  # type: ignore[misc]
            assert time.monotonic() - killed < 10
    finally:
        writer.kill()
        writer.wait()
    ear.join(10)
    with psycopg.connect(killable.server.url(role="web", database=NAME)) as connection:
        kept = {
            (str(person), number)
            for person, number in connection.execute("SELECT resident_id, number FROM core_journalleaf")
        }
    assert acknowledged <= kept
    assert f"{len(kept)} entries checked." in done(killable, "verify_journal")
