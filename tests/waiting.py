import threading
import time
from collections.abc import Sequence

import psycopg
import pytest
from django.db import connection

WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
    " WHERE datname = current_database() AND NOT granted"
)


def until_somebody_waits() -> None:
    """Return once another transaction waits for a lock. Ours then waits for ten seconds at most."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while cursor.execute(WAITING).fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)
        cursor.execute("SET LOCAL lock_timeout = '10s'")


def require_waits(other: psycopg.Connection[tuple[object, ...]], statement: str, values: Sequence[object]) -> None:
    """Check that a statement of another connection waits for a lock, and cancel it.

    Under a clock that libfaketime moves, PostgreSQL's `lock_timeout` never ends: its signal comes in the middle of a
    call whose clock is the machine's.
    """

    def cancel() -> None:
        with psycopg.connect(other.info.dsn, password=other.info.password, autocommit=True) as looking:
            mine = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
            while looking.execute(mine, [other.info.backend_pid]).fetchone() == (0,) and not done.wait(0.01):
                pass
        other.cancel_safe()

    done = threading.Event()
    looking = threading.Thread(target=cancel)
    looking.start()
    try:
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute(statement, values)
    finally:
        done.set()
        looking.join()
