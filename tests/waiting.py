import time

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
