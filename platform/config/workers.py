"""Keeps worker processes running: forks them, and forks another at once when one ends."""

import logging
import os
import signal
import time
from collections.abc import Callable

from config import processes

logger = logging.getLogger(__name__)
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
SIGNALS = {signal.SIGCHLD, *STOPS}
#: A worker that ends by itself sooner than that could not start.
START_SECONDS = 1.0
TRIES = 5


class Workers:
    """Run `work` in `count` processes, which share the memory and the sockets made before, until a signal to stop.

    Killing a worker ends what it has in hands, nothing else. Workers that cannot start, five times in a row, end all.

    Args:
        patience: how many seconds the workers may take to stop.
    """

    def __init__(self, work: Callable[[], None], count: int, patience: float) -> None:
        self.work, self.count, self.patience = work, count, patience
        self.started: dict[int, float] = {}
        self.failures = 0

    def run(self) -> int:
        """Return the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        for _ in range(self.count):
            self._fork()
        while (caught := self._wait()) == signal.SIGCHLD:
            self._replace()
        self._stop(caught)
        return 1 if self.failures >= TRIES else 0

    def _wait(self) -> int:
        return signal.SIGTERM if self.failures >= TRIES else signal.sigwait(SIGNALS)

    def _fork(self) -> None:
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        self.started[pid] = time.monotonic()

    def _be_worker(self) -> None:
        code = 1
        try:
            processes.die_with_parent()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            self.work()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            # By its types and places: the message of an exception may quote a value.
            logger.exception("a process could not continue")
        finally:
            os._exit(code)

    def _replace(self) -> None:
        for pid, status in self._ended():
            lasted = time.monotonic() - self.started.pop(pid)
            could_not_start = lasted < START_SECONDS and not os.WIFSIGNALED(status)
            self.failures = self.failures + 1 if could_not_start else 0
            logger.error("a process ended and is replaced", extra={"code": os.waitstatus_to_exitcode(status)})
            self._fork()

    def _ended(self) -> list[tuple[int, int]]:
        """Return the id and the status of each ended worker: one signal may stand for several."""
        looked = [os.waitpid(pid, os.WNOHANG) for pid in self.started]
        return [(pid, status) for pid, status in looked if pid]

    def _stop(self, caught: int) -> None:
        """Pass signals on until the workers have ended. After `patience` seconds, kill them."""
        deadline = time.monotonic() + self.patience
        while self.started:
            if time.monotonic() > deadline:
                caught = signal.SIGKILL
            if caught in {*STOPS, signal.SIGKILL}:
                for pid in self.started:
                    os.kill(pid, caught)
            info = signal.sigtimedwait(SIGNALS, 0.1)
            caught = info.si_signo if info else signal.SIGCHLD
            for pid, _status in self._ended():
                del self.started[pid]
