"""Runs the portal, a WSGI application, behind uvicorn's event loop, so that no page waits for a slow visitor.

A body is received before it takes a thread, and pieces of an answer are sent without one. Only a body above
`Limits.kept` is read by a thread while it comes, into no file; these threads are shared between the addresses.
"""

import asyncio
import contextvars
import io
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from config.connections import Limits

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
READ = 65_536
#: Headers that WSGI gives without the prefix HTTP_.
BARE = {"CONTENT_LENGTH", "CONTENT_TYPE"}


class Gone(Exception):
    """The visitor left before their request was complete."""


class Full(Exception):
    """The bodies being received hold all the memory that they may."""


class Bridge:
    """The ASGI application.

    Args:
        proxies: as TRUSTED_PROXIES.
    """

    def __init__(self, application: WSGIApplication, limits: Limits, proxies: int) -> None:
        self.application, self.limits, self.proxies = application, limits, proxies
        self.threads = ThreadPoolExecutor(limits.pages + limits.transfers, "web")
        self.pages = asyncio.Semaphore(limits.pages)
        self.transfers = Transfers(limits)
        self.held = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if {b"content-length", b"transfer-encoding"} <= {name for name, _value in scope["headers"]}:
            # A proxy that believes the other one would take part of this body for the next visitor's request.
            await send({"type": "http.response.start", "status": 400, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body"})
            return
        wsgi = environ_of(scope)
        try:
            async with self.body(wsgi, receive) as (body, place):
                answer = Answer(self.application, wsgi | {"wsgi.input": body}, self.limits.kept)
                await self.give(answer, place, receive, send)
        except Gone:
            return
        except Full:
            await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"10")]})
            await send({"type": "http.response.body"})

    @asynccontextmanager
    async def body(
        self, wsgi: WSGIEnvironment, receive: Receive
    ) -> AsyncIterator[tuple[BinaryIO, AbstractAsyncContextManager[None]]]:
        """Yield the request's body, and what grants a thread to read it.

        Without a length it is empty: pages that take files then answer 411.
        """
        length = int(wsgi.get("CONTENT_LENGTH") or 0)
        if length > self.limits.kept:
            loop = asyncio.get_running_loop()
            yield io.BufferedReader(Arriving(receive, loop), READ), self.transfers.of(address(wsgi, self.proxies))
        else:
            async with self.received(receive, length) as body:
                yield io.BytesIO(body), self.pages

    @asynccontextmanager
    async def received(self, receive: Receive, length: int) -> AsyncIterator[bytes]:
        body, more = bytearray(), length > 0
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message["body"]
                self.held += len(message["body"])
                more = message["more_body"]
                if self.held > self.limits.memory:
                    raise Full
            yield bytes(body)
        finally:
            self.held -= len(body)

    async def give(
        self, answer: "Answer", place: AbstractAsyncContextManager[None], receive: Receive, send: Send
    ) -> None:
        """Send the answer; what remains to make of it is dropped when the visitor leaves."""
        async with place:
            piece = await self.in_thread(answer, answer.piece)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        left = asyncio.ensure_future(gone(receive)) if answer.more else None
        while left:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            async with self.pages:
                piece = await self.in_thread(answer, answer.close if left.done() else answer.piece)
            if not answer.more:
                left.cancel()
                left = None
        await send({"type": "http.response.body", "body": piece})

    async def in_thread(self, answer: "Answer", act: Callable[[], bytes]) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self.threads, answer.context.run, act)


async def gone(receive: Receive) -> None:
    """Wait until the visitor leaves. What is left of their request, its end at least, is dropped.

    The connection then goes on after the announced end of that body: what it holds is never taken for a request.
    """
    while (await receive())["type"] != "http.disconnect":
        continue


class Transfers:
    """Grants threads to large bodies: to one address only so many at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.taken: Counter[str] = Counter()
        self.changed = asyncio.Condition()

    @asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[None]:
        async with self.changed:
            await self.changed.wait_for(lambda: self._has_place(address))
            self.taken[address] += 1
        try:
            yield
        finally:
            async with self.changed:
                self.taken -= Counter([address])
                self.changed.notify_all()

    def _has_place(self, address: str) -> bool:
        return self.taken.total() < self.limits.transfers and self.taken[address] < self.limits.each


class Arriving(io.RawIOBase):
    """A body that a thread reads while it comes. If the visitor leaves, it ends before its announced length."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self.receive, self.loop = receive, loop
        self.data, self.more = b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer
        while not self.data and self.more:
            message = asyncio.run_coroutine_threadsafe(self._next(), self.loop).result()
            self.data, self.more = message.get("body", b""), message.get("more_body", False)
        count = min(len(buffer), len(self.data))
        buffer[:count], self.data = self.data[:count], self.data[count:]
        return count

    async def _next(self) -> Message:
        return await self.receive()


class Answer:
    """An answer that the application makes in pieces, maybe by several threads, but in one context."""

    def __init__(self, application: WSGIApplication, wsgi: WSGIEnvironment, size: int) -> None:
        self.application, self.wsgi, self.size = application, wsgi, size
        self.context = contextvars.copy_context()
        self.status, self.headers = 500, list[tuple[bytes, bytes]]()
        self.parts: Iterable[bytes] = ()
        self.iterator: Iterator[bytes] | None = None
        self.more = True

    def piece(self) -> bytes:
        """Return the next piece, of `size` bytes or more, or the last one."""
        found, size = list[bytes](), 0
        try:
            if self.iterator is None:
                self.parts = self.application(self.wsgi, self._start)
                self.iterator = iter(self.parts)
            for part in self.iterator:
                found.append(part)
                size += len(part)
                if size >= self.size:
                    return b"".join(found)
        except BaseException:
            self.close()
            raise
        self.close()
        return b"".join(found)

    def close(self) -> bytes:
        self.more = False
        if close := getattr(self.parts, "close", None):
            close()
        return b""

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[..., object]:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
        return _write


def _write(data: bytes) -> object:
    raise NotImplementedError("Django returns its answers and never writes them.")


def environ_of(scope: Message) -> WSGIEnvironment:
    """Return the WSGI environment, without the body. A header whose name has an underscore could pass for another."""
    wsgi: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" not in name:
            key = name.decode("latin-1").upper().replace("-", "_")
            key = key if key in BARE else f"HTTP_{key}"
            between = "; " if key == "HTTP_COOKIE" else ","
            text = value.decode("latin-1")
            wsgi[key] = f"{wsgi[key]}{between}{text}" if key in wsgi else text
    return wsgi


def address(wsgi: WSGIEnvironment, proxies: int) -> str:
    """Return the visitor's address, which the outermost proxy of the city's has written."""
    passed = wsgi.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return str(passed[-proxies].strip() if 0 < proxies <= len(passed) else wsgi["REMOTE_ADDR"])
