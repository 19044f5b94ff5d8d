"""Killed processes of the web server: what they had in hands is lost, nothing else, and others take their place.

`--kills 20 -rP` kills twenty of them and prints the counts.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.faults.web import Portal, is_running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
VISITORS = 4
PAGES = 24  # served between two kills


@pytest.fixture
def portal(django_db_setup, tmp_path):
    with Portal(tmp_path).running() as portal:
        yield portal


class Visitors:
    """Visitors who ask for pages, each on a new connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.over = threading.Event()
        self.served = 0
        self.lost: list[tuple[float, float, OSError | http.client.HTTPException]] = []
        self.threads = [threading.Thread(target=self._visit) for _ in range(VISITORS)]

    def __enter__(self) -> "Visitors":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _visit(self) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            try:
                self._ask()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append((began, time.monotonic(), error))
                time.sleep(0.05)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/aide/", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        self.served += 1

    def wait(self) -> None:
        """Wait until some more pages are served."""
        enough, deadline = self.served + PAGES, time.monotonic() + 60
        while self.served < enough:
            assert time.monotonic() < deadline, f"{self.served} pages served"
            time.sleep(0.02)

    def not_in_hands(self, kills: list[float]) -> list[OSError | http.client.HTTPException]:
        return [
            error
            for began, ended, error in self.lost
            if isinstance(error, ConnectionRefusedError) or not any(began <= kill <= ended for kill in kills)
        ]


def test_killed_workers_lose_only_what_they_had_in_hands(portal, request):
    count, kills = int(request.config.getoption("--kills")), []
    with Visitors(portal.port) as visitors:
        for number in range(count):
            visitors.wait()
            assert portal.process.poll() is None, portal.log.read_text()[-4000:]
            workers = portal.workers()
            kills.append(time.monotonic())
            os.kill(workers[number % len(workers)], signal.SIGKILL)
        visitors.wait()
    assert portal.process.poll() is None
    assert visitors.not_in_hands(kills) == []
    assert len(visitors.lost) <= VISITORS * count
    sys.stdout.write(f"{count} kills: {visitors.served} pages served, {len(visitors.lost)} lost in killed hands\n")


def test_connections_that_no_worker_has_taken_are_served_after_a_kill(portal):
    for worker in portal.workers():
        os.kill(worker, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", portal.port), timeout=20) for _ in range(20)]
    for connection in waiting:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    first, *others = portal.workers()
    os.kill(first, signal.SIGKILL)
    for worker in others:
        os.kill(worker, signal.SIGCONT)
    assert [connection.recv(15) for connection in waiting] == [b"HTTP/1.1 200 OK"] * len(waiting)
    for connection in waiting:
        connection.close()


def test_the_workers_end_with_a_killed_server(portal):
    workers = portal.workers()
    os.kill(portal.process.pid, signal.SIGKILL)
    portal.process.wait()
    deadline = time.monotonic() + 10
    while any(is_running(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_workers_that_cannot_start_end_the_server():
    code = "import sys; from config.workers import Workers; sys.exit(Workers(lambda: 1 / 0, 2, patience=1).run())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.count("ZeroDivisionError: division by zero") >= 5
