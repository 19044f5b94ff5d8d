"""The database is killed (kill -9) during writes: acknowledged entries are kept, and the chains verify."""

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

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "GARANT_TEST": "1"}


@pytest.fixture
def killable(tmp_path, databases):
    with cluster_in(tmp_path / "var") as cluster:
        share = cluster.join()
        databases.send_template(cluster.server, NAME)
        yield cluster
        os.close(share)


def start(cluster, *words):
    variables = os.environ | SETTINGS | cluster.environment() | {"GARANT_VAR": str(cluster.var)}
    return subprocess.Popen(
        [sys.executable, *words], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run_command(cluster, *words):
    process = start(cluster, "manage.py", *words)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors
    return output


def test_acknowledged_entries_survive_and_the_chains_verify(killable):
    people, acknowledged, last = [uuid4() for _ in range(3)], set(), [0.0]
    writer = start(killable, "-m", "tests.faults.journal_app", *map(str, people))

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
            until(
                lambda before=before, killed=killed: (  # type: ignore[misc]
                    len(acknowledged) > before + 30 and last[0] > killed + 0.05
                )
            )
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
    assert f"{len(kept)} entries checked." in run_command(killable, "verify_journal")
