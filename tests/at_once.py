import threading
from collections.abc import Callable

from django.db import connection


def at_once(work: Callable[[], object], *, times: int = 4) -> None:
    """The same in several workers at the same moment, each with its own connection to the database."""

    def alone() -> None:
        try:
            work()
        finally:
            connection.close()

    workers = [threading.Thread(target=alone) for _ in range(times)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
