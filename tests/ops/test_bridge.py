"""The web server's bridge: threads never wait for visitors, and an address has its share of the large bodies."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import uvicorn

from config.bridge import Bridge, Message, address, environ_of
from config.connections import Connection, Limits

SCOPE: Message = {
    "type": "http",
    "method": "POST",
    "raw_path": b"/caf%C3%A9/",
    "query_string": b"a=1",
    "server": ("127.0.0.1", 80),
    "client": ("10.0.0.9", 1234),
    "http_version": "1.1",
    "scheme": "http",
}


def scope(**headers: str) -> Message:
    return SCOPE | {"headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}


class Visitor:
    """A visitor who sends parts of a body, then nothing more."""

    def __init__(self, *parts: bytes, ends: bool = True) -> None:
        self.parts, self.ends = list(parts), ends
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        if self.parts:
            part = self.parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self.parts) or not self.ends}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.answer.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.answer)


def echo(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Set-Cookie", " a=1")])
    return [environ["wsgi.input"].read()]


def visit(bridge: Bridge, *visitors: tuple[Visitor, Message], seconds: float = 5) -> None:
    async def all_at_once() -> None:
        calls = [bridge(one, visitor.receive, visitor.send) for visitor, one in visitors]
        await asyncio.wait([asyncio.ensure_future(call) for call in calls], timeout=seconds)

    asyncio.run(all_at_once())


@pytest.mark.parametrize("kept", [100, 3])
def test_a_body_arrives_whole_whether_it_is_kept_or_read_while_it_comes(kept):
    visitor = Visitor(b"abc", b"def")
    visit(Bridge(echo, Limits(kept=kept), 0), (visitor, scope(content_length="6")))
    assert (visitor.answer[0]["status"], visitor.body) == (200, b"abcdef")
    assert visitor.answer[0]["headers"] == [(b"set-cookie", b"a=1")]


def test_bodies_that_do_not_come_take_no_thread():
    waiting = [(Visitor(b"ab", ends=False), scope(content_length="6")) for _ in range(20)]
    served = Visitor(b"")
    visit(Bridge(echo, Limits(pages=1), 0), *waiting, (served, scope()), seconds=0.3)
    assert served.answer[0]["status"] == 200
    assert all(visitor.answer == [] for visitor, _scope in waiting)


def test_bodies_above_the_memory_for_them_are_refused():
    visitors = [(Visitor(b"x" * 60, ends=False), scope(content_length="90")) for _ in range(2)]
    visit(Bridge(echo, Limits(memory=100), 0), *visitors, seconds=0.3)
    assert [visitor.answer[0]["status"] for visitor, _scope in visitors if visitor.answer] == [503]


def test_one_address_has_its_share_of_the_large_bodies():
    busy = [(Visitor(b"ab", ends=False), scope(content_length="6", x_forwarded_for="10.0.0.1")) for _ in range(6)]
    other = Visitor(b"abcdef")
    bridge = Bridge(echo, Limits(kept=1, transfers=4, each=2), 1)
    visit(bridge, *busy, (other, scope(content_length="6", x_forwarded_for="10.0.0.2")), seconds=0.5)
    assert other.body == b"abcdef"
    assert all(visitor.answer == [] for visitor, _scope in busy)


def test_a_long_answer_is_made_piece_by_piece_and_closed_when_its_visitor_leaves():
    closed, made = threading.Event(), []

    class Long:
        def __iter__(self):
            for number in range(1000):
                made.append(number)
                yield b"x" * 10

        def close(self):
            closed.set()

    def long(environ, start_response):
        start_response("200 OK", [])
        return Long()

    class Leaving(Visitor):
        async def receive(self) -> Message:
            return {"type": "http.disconnect"}

    visitor = Leaving()
    visit(Bridge(long, Limits(kept=50), 0), (visitor, scope()))
    assert closed.is_set()
    assert len(made) < 30


def test_the_environment_is_that_of_wsgi():
    environ = environ_of(
        SCOPE
        | {
            "headers": [
                (b"host", b"ville.example"),
                (b"cookie", b"a=1"),
                (b"cookie", b"b=2"),
                (b"x_forwarded_for", b"6.6.6.6"),
                (b"content-type", b"text/plain"),
            ]
        }
    )
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/café/"
    assert (environ["HTTP_HOST"], environ["HTTP_COOKIE"]) == ("ville.example", "a=1; b=2")
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_X_FORWARDED_FOR" not in environ


@pytest.mark.parametrize(("proxies", "found"), [(0, "10.0.0.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "10.0.0.9")])
def test_the_address_is_what_the_outermost_own_proxy_wrote(proxies, found):
    environ = environ_of(scope(x_forwarded_for="1.1.1.1, 2.2.2.2, 3.3.3.3"))
    assert address(environ, proxies) == found


def in_pieces(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return iter([b"abc"] * 20)


def test_an_answer_in_pieces_arrives_whole_after_the_end_of_the_request():
    visitor = Visitor(b"")
    visit(Bridge(in_pieces, Limits(kept=3), 0), (visitor, SCOPE | {"method": "GET", "headers": []}))
    assert visitor.body == b"abc" * 20


class Serving:
    """The bridge behind uvicorn on a real socket. `asked` has what the application was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        bridge = Bridge(self.answer, Limits(kept=1000), 0)
        self.server = uvicorn.Server(
            uvicorn.Config(bridge, http=Connection, ws="none", lifespan="off", log_config=None)
        )
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.server.run, args=([self.listening],))

    def answer(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer without reading the body, `/long` in fifty pieces."""
        self.asked.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return iter([b"x" * 500] * (50 if environ["PATH_INFO"] == "/long" else 1))

    def say(self, *parts: bytes) -> bytes:
        self.asked.clear()
        with socket.create_connection(self.listening.getsockname(), timeout=10) as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.1)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    serving = Serving()
    serving.thread.start()
    yield serving
    serving.server.should_exit = True
    serving.thread.join(10)
    serving.listening.close()


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("page", [b"/short", b"/long"])
@pytest.mark.parametrize("times", [10, 10_000])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_request_inside_a_body_that_nobody_reads_is_never_answered(serving, page, times, is_late):
    head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (page, len(HIDDEN) * times)
    body = HIDDEN * times
    sent = [head + body[: len(body) // 2], body[len(body) // 2 :] + NEXT] if is_late else [head + body + NEXT]
    assert serving.say(*sent).count(b"HTTP/1.1 200") == 2
    assert serving.asked == [page.decode(), "/next"]


def test_a_request_with_two_lengths_is_refused_and_nothing_after_it_is_answered(serving):
    both = b"POST /short HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert serving.say(both + HIDDEN).startswith(b"HTTP/1.1 400 ")
    assert serving.asked == []
