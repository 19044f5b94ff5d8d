"""Run readers in a limited child process (child.py): a process that holds keys never parses an uploaded file.

A child that crashes, hangs or exceeds its memory makes the file unreadable; its parent goes on.
"""

import contextlib
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, cast, get_args

from django.conf import settings

from core.files.sizes import MAX_FILE, MAX_PAPER
from vault.readers import recognise
from vault.readers.files.place import Place
from vault.readers.reading import MAX_PAGES, UNASKED, Ask, PageImage, Reading, Unreadable
from vault.readers.sentences import UNREADABLE
from vault.types import envelope

CHILD = Path(__file__).with_name("child.py")
CHUNK = 64 * 1024
MAX_MESSAGE = 64 * 1024 * 1024
#: Letters: more than two pages of a form hold.
MAX_TEXT = 40_000
MAX_JPEG = 20 * 1024 * 1024
READ_SECONDS = 20
RASTER_SECONDS = 60
#: The child may run this many times its processor limit: on a loaded machine it mostly waits.
WALL_FACTOR = 3


class TestAuthorityRefused(ValueError):
    """The caller trusts the test authority, but TRUST_TEST_AUTHORITY is off."""


def read(stream: BinaryIO, *, trust_test_authority: bool, ask: Ask = UNASKED) -> Reading:
    """Read a file in the child. Check its records again: the child may be compromised by a hostile file.

    Raises:
        Unreadable: the file is refused, or the child was stopped.
        TestAuthorityRefused: the settings forbid the test authority.
    """
    if trust_test_authority and not settings.TRUST_TEST_AUTHORITY:
        raise TestAuthorityRefused
    folders: Sequence[Path] = getattr(settings, "TEST_AUTHORITIES", ()) if trust_test_authority else ()
    options = {
        "trust_test_authority": trust_test_authority,
        "authorities": [str(folder) for folder in folders],
        "signature_authorities": [str(folder) for folder in settings.SIGNATURE_AUTHORITIES],
        "ask": dataclasses.asdict(ask),
    }
    with _child("read", options, stream, cpu_seconds=READ_SECONDS) as output:
        message = _message(output)
    return _checked(message)


def without_place(stream: BinaryIO) -> tuple[Place, bytes]:
    """Return a photo or PDF without the place where it was taken; no bytes if the file does not change.

    Other files keep their places: in a file of journeys they are the data.

    Raises:
        Unreadable: the file is refused.
    """
    head = stream.read(recognise.HEAD_BYTES)
    stream.seek(0)
    if recognise.head_media(head) is None:
        return "none", b""
    with _child("clean", {}, stream, cpu_seconds=READ_SECONDS) as output:
        message = _message(output)
        size, found = int(message.get("bytes", 0)), message.get("place")
        cleaned = output.read(size) if 0 < size <= MAX_PAPER * 2 else b""
    stream.seek(0)
    if found not in get_args(Place) or len(cleaned) != size or (found == "removed") != bool(cleaned):
        raise Unreadable("too_heavy")
    return cast(Place, found), cleaned


def read_several(parts: Sequence[tuple[bytes, Ask]]) -> list[Reading | Unreadable]:
    """Read several answers of one holder about one person. Return a reading or a refusal for each.

    Starting a child costs more than reading an answer, so one child reads all.
    """
    asks = [{"size": len(body), "ask": dataclasses.asdict(ask)} for body, ask in parts]
    options = {"trust_test_authority": False, "authorities": [], "signature_authorities": [], "parts": asks}
    with _child(
        "read_several", options, io.BytesIO(b"".join(body for body, _ask in parts)), cpu_seconds=READ_SECONDS
    ) as output:
        return [_answer(output) for _part in parts]


def _answer(output: IO[bytes]) -> Reading | Unreadable:
    try:
        return _checked(_message(output))
    except Unreadable as refusal:
        return refusal


def text(stream: BinaryIO, *, max_pages: int = 2) -> str:
    """Return the text of a PDF's or a photo's first pages. A photo gives none where Tesseract is missing.

    Raises:
        Unreadable: the file is refused.
    """
    with _child("text", {"max_pages": max_pages}, stream, cpu_seconds=READ_SECONDS) as output:
        return str(_message(output).get("text", ""))[:MAX_TEXT]


def raster(stream: BinaryIO, *, dpi: int = 150, max_pages: int = MAX_PAGES) -> list[PageImage]:
    return list(pages(stream, dpi=dpi, max_pages=max_pages))


def page(stream: BinaryIO, number: int, *, dpi: int) -> PageImage:
    """Draw one page; the first is 0.

    Raises:
        Unreadable: the file is refused, or has no such page.
    """
    found = list(pages(stream, dpi=dpi, only=number))
    if len(found) != 1:
        raise Unreadable("too_heavy")
    return found[0]


def pages(
    stream: BinaryIO, *, dpi: int = 150, max_pages: int = MAX_PAGES, find_codes: bool = False, only: int | None = None
) -> Iterator[PageImage]:
    """Draw pages one by one, so that the caller keeps one in memory.

    Raises:
        Unreadable: the file is refused, possibly after some pages.
    """
    options = {"dpi": dpi, "max_pages": max_pages, "find_codes": find_codes, "only": only}
    with _child("raster", options, stream, cpu_seconds=RASTER_SECONDS) as output:
        while "done" not in (message := _message(output)):
            size, width, height = (int(message.get(name, 0)) for name in ("bytes", "width", "height"))
            jpeg = output.read(size) if 0 < size <= MAX_JPEG else b""
            if not jpeg or len(jpeg) < size:
                raise Unreadable("too_heavy")
            yield PageImage(jpeg, width, height, tuple(_box(box) for box in message.get("codes", ())))


def _box(corners: Sequence[Any]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(value) for value in corners)
    return left, top, right, bottom


def _checked(message: Mapping[str, Any]) -> Reading:
    try:
        reading = Reading.from_json(message["reading"])
        envelope.validate_all(reading.records)
    except (KeyError, TypeError, envelope.BadEnvelope):
        raise Unreadable("damaged") from None
    return reading


def ask(
    script: Path, mode: str, options: dict[str, Any], data: bytes, *, cpu_seconds: int, refusals: Collection[str] = ()
) -> tuple[dict[str, Any], bytes]:
    """Ask one question of another app's child, which calls `child.serve`. Return its message and the bytes after it.

    Args:
        refusals: the codes of that child's own refusals, beside those of the readers.

    Raises:
        Unreadable: the child refuses the file, or was stopped.
    """
    with _process(script, mode, options, io.BytesIO(data), cpu_seconds=cpu_seconds) as output:
        message = _message(output, refusals)
        size = message.get("bytes", 0)
        answer = output.read(size) if isinstance(size, int) and 0 < size <= MAX_MESSAGE else b""
    if len(answer) != size:
        raise Unreadable("too_heavy")
    return message, answer


@contextlib.contextmanager
def _child(mode: str, options: dict[str, Any], stream: BinaryIO, *, cpu_seconds: int) -> Iterator[IO[bytes]]:
    with _process(CHILD, mode, options, stream, cpu_seconds=cpu_seconds) as output:
        yield output


@contextlib.contextmanager
def _process(
    script: Path, mode: str, options: dict[str, Any], stream: BinaryIO, *, cpu_seconds: int
) -> Iterator[IO[bytes]]:
    command = [sys.executable, "-I", str(script), mode, str(cpu_seconds)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"HOME": "/nonexistent", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
        start_new_session=True,
    )
    clock = threading.Timer(cpu_seconds * WALL_FACTOR, _kill, [process])
    clock.daemon = True
    clock.start()
    try:
        assert process.stdin and process.stdout  # noqa: S101 (both are pipes, two lines above)
        _feed(json.dumps(options).encode() + b"\n", stream, process.stdin)
        yield process.stdout
    finally:
        clock.cancel()
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe and pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and the programs that it started: it leads a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _feed(options: bytes, stream: BinaryIO, pipe: IO[bytes]) -> None:
    """Write the options, then the file. A child that died early breaks the pipe; `_message` then finds no answer."""
    total = 0
    with contextlib.suppress(BrokenPipeError):
        pipe.write(options)
        while chunk := stream.read(CHUNK):
            total += len(chunk)
            if total > MAX_FILE:
                raise Unreadable("too_big_data")
            pipe.write(chunk)
        pipe.close()


def _message(output: IO[bytes], refusals: Collection[str] = ()) -> dict[str, Any]:
    """Read one message of the child. Without a valid one, the child was stopped: the file is unreadable."""
    line = output.readline(MAX_MESSAGE)
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise Unreadable("too_heavy")
    if "unreadable" in message:
        code = message["unreadable"]
        raise Unreadable(code if code in UNREADABLE or code in refusals else "too_heavy")
    return message
