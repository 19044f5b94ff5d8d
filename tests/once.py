"""What gives the same answer each time is done once for a whole worker: drawing a fictional paper (150 ms), and
reading the same bytes in a child process, which takes half a second to start.

The first time is a real one. Tests of the child itself (tests/vault/readers, tests/faults) never use this.
"""

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, Any, BinaryIO, cast

from demo import papers
from vault.readers import sandbox

#: Larger files are read each time, so that a worker's memory stays small.
MOST = 1_000_000
ANSWERS: dict[tuple[str, ...], bytes] = {}
real_child = sandbox._child
drawn = lru_cache(256)(papers._drawn)


class Resumed(io.RawIOBase):
    """A stream whose start was read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self.start, self.rest = io.BytesIO(start), rest

    def read(self, size: int = -1) -> bytes:
        return self.start.read(size) or self.rest.read(size)


@contextlib.contextmanager
def child(mode: str, options: dict[str, Any], stream: BinaryIO, *, cpu_seconds: int) -> Iterator[IO[bytes]]:
    start = stream.read(MOST + 1)
    if len(start) > MOST:
        with real_child(mode, options, cast(BinaryIO, Resumed(start, stream)), cpu_seconds=cpu_seconds) as output:
            yield output
        return
    question = str(sandbox.CHILD), mode, json.dumps(options), hashlib.sha256(start).hexdigest()
    if question not in ANSWERS:
        with real_child(mode, options, io.BytesIO(start), cpu_seconds=cpu_seconds) as output:
            said = output.read()
        if not said.endswith(b"\n") or len(said) > MOST:
            yield io.BytesIO(said)
            return
        ANSWERS[question] = said
    yield io.BytesIO(ANSWERS[question])
