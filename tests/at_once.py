import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(work: Callable[[], object], *, times: int = 4) -> None:
    """Run `work` in several threads concurrently, each with its own database connection."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(times)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def while_at(mark: str, held: Callable[[], object], other: Callable[[], object]) -> None:
    """Run `held`, and once it has made a statement with this mark, `other` in a connection of its own, until it waits
    for a lock or has ended. Then both go on.
    """
    others: list[Future[object]] = []

    def begin_the_other(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if mark in sql and not others:
            others.append(pool.submit(_in_own_connection, other))
            _wait_for_a_lock(others[0])
        return found

    with ThreadPoolExecutor(1) as pool:
        with connection.execute_wrapper(begin_the_other):
            held()
        others[0].result()


def _in_own_connection(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connection.close()


def _wait_for_a_lock(other: Future[object]) -> None:
    """Wait until another connection waits for this one, or its work is over."""
    deadline = time.monotonic() + 20
    while not other.done() and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
