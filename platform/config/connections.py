"""The pace that the web server asks of its visitors: who sends or reads almost nothing is cut off."""

import asyncio
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol

TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Limits:
    """Limits of one web process for its visitors, in bytes and seconds.

    Attributes:
        pages: how many requests are answered at once, each by a thread.
        transfers: how many bodies and answers above `kept` are under way at once, each with a thread of its own.
        each: how many of these transfers one address has at once; its next ones wait.
        kept: a body up to this size is received before it takes a thread; a thread leaves an answer up to this size.
        memory: how much all bodies being received so may hold. Beyond, they are answered 503.
        window: how long the first line and the headers may take, and over how long the pace is measured.
        pace: how much must come, or go, each second.
        whole: how long a body may take.
    """

    pages: int = 4
    transfers: int = 8
    each: int = 3
    kept: int = 1_000_000
    memory: int = 64_000_000
    window: float = 10
    pace: int = 500
    whole: float = 900


class Connection(H11Protocol):
    """A connection that is looked at once in each window. While the portal works on a request, it may last."""

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        super().connection_made(transport)
        self._began = self.loop.time()
        self._received = 0
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._began = self.loop.time()
        self._received += len(data)
        super().data_received(data)

    def resume_writing(self) -> None:
        self._resumed = True
        super().resume_writing()

    def _note(self) -> None:
        """Begin a window."""
        self._received, self._resumed = 0, False
        self._paused, self._unsent, self._answering = self._is_paused(), self._left_to_send(), self.cycle
        self._timer = self.loop.call_later(self.limits.window, self._look)

    def _look(self) -> None:
        if self._reads_too_slowly():
            self.transport.abort()
        elif self._sends_too_slowly():
            self._refuse()
        self._note()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(TIMED_OUT)
        self.transport.close()

    def _sends_too_slowly(self) -> bool:
        waited = self.loop.time() - self._began
        if self.transport.is_closing() or self._is_idle() or waited < self.limits.window:
            return False
        if self.cycle is None or self.cycle.response_complete:
            return True
        if not self.cycle.more_body or self._paused or self._is_paused():
            return False
        return self._received < self._least() or waited > self.limits.whole

    def _reads_too_slowly(self) -> bool:
        """Return whether a part of an answer waited all this window, and less than the least of it went."""
        if self._resumed or self.cycle is not self._answering or not self._unsent or not self._left_to_send():
            return False
        return self._unsent - self._left_to_send() < self._least()

    def _is_idle(self) -> bool:
        """Return whether no request is under way after the first; uvicorn ends such a connection after 5 s."""
        return self.timeout_keep_alive_task is not None

    def _is_paused(self) -> bool:
        """Return whether the portal itself doesn't take what comes."""
        return self.flow.read_paused

    def _left_to_send(self) -> int:
        return self.transport.get_write_buffer_size()

    def _least(self) -> float:
        return self.limits.pace * self.limits.window
