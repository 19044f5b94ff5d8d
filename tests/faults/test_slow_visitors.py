"""Visitors who announce a body and send nothing, who send or read almost nothing, take nothing from the others."""

import http.client
import os
import socket
import threading
import time

import pytest

from core.files.storage import sealed_storage
from tests.faults.web import Portal, Server, signed_in_by_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("slow_visitors")]
PAGE = "/aide/"
#: A page that waits for a slow visitor, or for the mail server, waits for their time-out: ten seconds or more.
FROZEN = 4
#: Bytes that a process may hold more for a hundred answers under way, each of 200 MB.
HELD = 150_000_000
COOKIE = "Cookie: csrftoken=" + "a" * 32
START = f"POST /connexion/ HTTP/1.1\r\nHost: localhost\r\n{COOKIE}\r\nContent-Type: "
HEADS = {
    "a form": f"{START}application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n",
    "a file": f"{START}multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n",
    "half of its headers": START,
}


@pytest.fixture(scope="module")
def portal(django_db_setup, tmp_path_factory):
    with Portal(tmp_path_factory.mktemp("slow")).running() as portal:
        yield portal


@pytest.fixture(scope="module", params=[1])
def server(request, django_db_setup, tmp_path_factory):
    """Yield a server that cuts slow visitors off after a second, or after as many as the test says."""
    folder = tmp_path_factory.mktemp("slow")
    server = Server(folder / "files", folder / "web.log", window=request.param)
    server.start()
    yield server
    server.kill()


patient = pytest.mark.parametrize("server", [10], indirect=True)


def slow(port: int, head: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(head.encode())
    return connection


def seconds(port: int, page: str = PAGE) -> float:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", page)
    assert connection.getresponse().status == 200
    connection.close()
    return time.monotonic() - began


def test_pages_stay_fast_beside_two_hundred_connections_that_send_nothing(portal):
    for _ in range(8):
        seconds(portal.port)
    heads = list(HEADS.values())
    waiting = [slow(portal.port, heads[number % 3]) for number in range(200)]
    took = sorted(seconds(portal.port) for _ in range(20))
    assert took[18] < FROZEN
    for connection in waiting:
        connection.close()


@pytest.mark.parametrize("kind", HEADS)
def test_a_connection_that_sends_nothing_is_cut_off(server, kind):
    with slow(server.port, HEADS[kind]) as connection:
        connection.settimeout(4)
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
        assert connection.recv(100) == b""


def test_a_body_that_comes_by_drops_is_cut_off(server):
    with slow(server.port, HEADS["a form"]) as connection, pytest.raises(OSError):
        for _ in range(40):
            connection.sendall(b"x")
            time.sleep(0.1)


@patient
def test_uploads_that_wait_leave_the_pages_their_threads(server):
    waiting = [slow(server.port, HEADS["a file"]) for _ in range(20)]
    assert seconds(server.port, "/health") < FROZEN
    for connection in waiting:
        connection.close()


@patient
def test_a_page_that_nobody_reads_holds_no_thread(server):
    waiting = [slow(server.port, f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(40)]
    assert seconds(server.port, "/health") < FROZEN
    for connection in waiting:
        connection.close()


@patient
def test_a_hundred_visitors_who_read_200_megabytes_slowly_take_neither_pages_nor_memory(server, resident, settings):
    options = {"location": str(server.folder)}
    sealed = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "sealed": sealed}
    with sealed_storage.create(resident_id=resident.pk) as file:
        for _megabyte in range(200):
            file.write(os.urandom(1_000_000))
    cookie = "; ".join(f"{name}={value}" for name, value in signed_in_by_cookie(resident).items())
    head = f"GET /essai/{file.name} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
    assert seconds(server.port) < FROZEN
    before = server.memory()
    reading = [slow(server.port, head) for _ in range(100)]
    for _turn in range(3):
        assert {connection.recv(20_000)[:1] != b"" for connection in reading} == {True}
        assert seconds(server.port) < FROZEN
    assert server.memory() - before < HELD
    for connection in reading:
        connection.close()


def test_twenty_visitors_at_once_all_get_their_page(server):
    took: list[float] = []
    threads = [threading.Thread(target=lambda: took.append(seconds(server.port))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(took) == 20
