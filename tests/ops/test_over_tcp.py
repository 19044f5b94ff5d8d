"""Tests about rights, locks and triggers, repeated on a real PostgreSQL server over TCP, if there is one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from ops.databases import Server

if TYPE_CHECKING:
    from tests.conftest import Databases

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TCP_DATABASE_URL", "postgresql://root@127.0.0.1:5432/postgres")
LEANING_ON_THE_SERVER = (
    "tests/core/test_journal.py",
    "tests/core/test_rights.py",
    "tests/core/test_keys.py",
    "tests/vault/records/test_gate.py",
)


def _answers() -> bool:
    try:
        with psycopg.connect(SERVER, connect_timeout=2) as server:
            row = server.execute(
                "SELECT rolcreaterole AND rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


#: Undoing every migration takes long, and says nothing of the server.
NOT_AGAIN = "tests/core/test_rights.py::test_the_migrations_are_reversible"


@pytest.mark.slow
@pytest.mark.skipif(
    "FAKETIME" in os.environ, reason="the machine's server has its own clock, and refuses another day's"
)
@pytest.mark.xdist_group("servers")
@pytest.mark.skipif(
    not _answers(), reason=f"NO POSTGRESQL SERVER OVER TCP AT {SERVER}: the suite ran on the embedded one alone"
)
def test_the_journal_the_keys_and_the_gate_work_over_tcp(databases: "Databases") -> None:
    there, fresh = Server(SERVER, embedded=False), f"{databases.template}_new"
    if not there.exists(databases.template):
        there.make_roles()
        there.drop(fresh)
        there.create(fresh)
        databases.send_template(there, fresh)
        there.rename(fresh, databases.template)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MIGRATION_", "GARANT_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", f"--deselect={NOT_AGAIN}"]
        + [*LEANING_ON_THE_SERVER],
        cwd=ROOT,
        env={**kept, "DATABASE_URL": SERVER},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
