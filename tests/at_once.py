import threading
from collections.abc import Callable

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
