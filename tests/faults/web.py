"""A real web server on the test's own database, to be killed, or visited by a browser."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from django.conf import settings

from accounts.models import User
from ops.processes import dies_with_parent
from ops.services import free_port, web
from tests.accounts.factories import signed_in
from tests.nursery import Forked

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A web server of one process, without the law.

    Args:
        window: `Limits.window`, in seconds; visitors may be slow by default, as a loaded machine makes them.
    """

    def __init__(self, folder: Path, log: Path, window: float = 60) -> None:
        self.port, self.window = free_port(), window
        self.folder, self.log = folder, log
        self.process: Forked | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = Forked(
                "tests.faults.upload_app",
                str(self.port),
                str(self.window),
                environment={"STORAGE_URL": self.folder.as_uri(), "DJANGO_SETTINGS_MODULE": "config.settings.test"},
                output=log,
            )
        deadline = time.monotonic() + 60
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the web server does not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def memory(self) -> int:
        """Return the bytes that the web process holds."""
        processes = [self.process.pid, *children_of(self.process.pid)] if self.process else []
        lines = [line for pid in processes for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return 1024 * max(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Portal:
    """The whole web server, as operators start it, with two worker processes unless told otherwise."""

    process: subprocess.Popen[bytes]

    def __init__(
        self, folder: Path, settings_module: str = "config.settings.test", *, workers: int = 2, **variables: str
    ) -> None:
        self.port, self.log, self.count = free_port(), folder / "portal.log", workers
        files = (folder / "files").as_uri()
        self.variables = {"STORAGE_URL": files, "DJANGO_SETTINGS_MODULE": settings_module, **variables}

    @contextmanager
    def running(self) -> Iterator[Self]:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *web("127.0.0.1", self.port, workers=self.count)],
                cwd=ROOT,
                env=os.environ | self.variables,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(signal.SIGKILL),
                start_new_session=True,
            )
        try:
            self._wait()
            yield self
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the web server does not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def workers(self) -> list[int]:
        return children_of(self.process.pid)


def children_of(process: int) -> list[int]:
    """Return the ids of the running children of a process, none if it ended."""
    try:
        tasks = Path(f"/proc/{process}/task").iterdir()
        found = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid for pid in found if is_running(pid)]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def signed_in_by_cookie(resident: User) -> dict[str, str]:
    client = signed_in(resident)
    client.get("/aide/")
    return {name: client.cookies[name].value for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)}
