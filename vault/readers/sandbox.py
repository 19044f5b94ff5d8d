"""Run readers in a limited child process (child.py): a process that holds keys never parses an uploaded file.

A child that crashes, hangs or exceeds its memory makes the file unreadable; its parent goes on.
"""

import contextlib
import dataclasses
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.conf import settings
from django.utils import timezone

from core.confinement import answers, starting
from core.files.sizes import MAX_FILE, MAX_PAPER
from vault.readers import answered, recognise
from vault.readers.files import letters
from vault.readers.files.place import Place
from vault.readers.reading import MAX_PAGES, MAX_TEXT, UNASKED, Ask, PageImage, Reading, Unreadable
from vault.readers.sentences import UNREADABLE

CHILD = Path(__file__).with_name("child.py")
TESSERACT = Path(__file__).with_name("tesseract.py")
CHUNK = 64 * 1024
MEGABYTE = 1024 * 1024
#: Bytes of a message. Fifty thousand trips of a file of data take forty megabytes; a paper takes some kilobytes.
MAX_MESSAGE, MAX_PAPER_MESSAGE = 64 * MEGABYTE, MEGABYTE
#: Bytes of a message for each byte of an organisation's answer: a short one gives three.
GROWTH = 8
#: A page of 150 dpi takes one megabyte, and three where it is all noise.
MAX_JPEG, MAX_JPEGS = 20 * MEGABYTE, 256 * MEGABYTE
#: A page in levels of grey, for Tesseract.
MAX_GREY = 32 * MEGABYTE
READ_SECONDS = 20
RASTER_SECONDS = 60
#: The child may run this many times its processor limit: on a loaded machine it mostly waits.
WALL_FACTOR = 3
#: The refusal of a machine whose kernel cannot confine a child.
NOT_CONFINED = "not_confined"


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
        "today": timezone.localdate().isoformat(),
    }
    most = MAX_MESSAGE if _media_of(stream) is None else MAX_PAPER_MESSAGE
    with _child("read", options, stream, cpu_seconds=READ_SECONDS) as output:
        return _checked(_message(output, most=most))


def without_place(stream: BinaryIO) -> tuple[Place, bytes]:
    """Return a photo or PDF without the place where it was taken; no bytes if the file does not change.

    Other files keep their places: in a file of journeys they are the data.

    Raises:
        Unreadable: the file is refused.
    """
    if _media_of(stream) is None:
        return "none", b""
    with _child("clean", {}, stream, cpu_seconds=READ_SECONDS) as output, _believed():
        found = answers.parsed(answered.Cleaned, _message(output))
        cleaned = answers.content(output, found.bytes, most=MAX_PAPER * 2) if found.place == "removed" else b""
    stream.seek(0)
    return found.place, cleaned


def _media_of(stream: BinaryIO) -> str | None:
    head = stream.read(recognise.HEAD_BYTES)
    stream.seek(0)
    return recognise.head_media(head)


def read_several(parts: Sequence[tuple[bytes, Ask]]) -> list[Reading | Unreadable]:
    """Read several answers of one holder about one person. Return a reading or a refusal for each.

    Starting a child costs more than reading an answer, so one child reads all.
    """
    asks = [{"size": len(body), "ask": dataclasses.asdict(ask)} for body, ask in parts]
    options = {
        "trust_test_authority": False,
        "authorities": [],
        "signature_authorities": [],
        "parts": asks,
        "today": timezone.localdate().isoformat(),
    }
    with _child(
        "read_several", options, io.BytesIO(b"".join(body for body, _ask in parts)), cpu_seconds=READ_SECONDS
    ) as output:
        return [_answer(output, len(body)) for body, _ask in parts]


def _answer(output: IO[bytes], size: int) -> Reading | Unreadable:
    try:
        return _checked(_message(output, most=min(MAX_MESSAGE, MAX_PAPER_MESSAGE + GROWTH * size)))
    except Unreadable as refusal:
        return refusal


def text(stream: BinaryIO, *, max_pages: int = 2) -> str:
    """Return the text of a PDF's or a photo's first pages. A photo gives none where Tesseract is missing.

    Raises:
        Unreadable: the file is refused.
    """
    options = {"max_pages": max_pages, "letters": letters.can_read()}
    with _child("text", options, stream, cpu_seconds=READ_SECONDS) as output, _believed():
        message = answers.parsed(answered.Text, _message(output))
        images = [answers.content(output, size, most=MAX_GREY) for size in message.images[:max_pages]]
    found = message.text if not images else "\n".join(map(_printed, images))
    return found[:MAX_TEXT]


def _printed(image: bytes) -> str:
    """Return the lines that Tesseract reads, in a child of its own."""
    with _process(TESSERACT, [str(READ_SECONDS)], b"", io.BytesIO(image), cpu_seconds=READ_SECONDS) as output:
        return output.read(4 * MAX_TEXT).decode("utf-8", "replace").replace("\0", "")


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
    left, most = MAX_JPEGS, max_pages if only is None else 1
    with _child("raster", options, stream, cpu_seconds=RASTER_SECONDS) as output:
        while "done" not in (message := _message(output)):
            with _believed():
                drawn = answers.parsed(answered.Drawn, message)
                jpeg = answers.content(output, drawn.bytes, most=min(left, MAX_JPEG) if most else 0)
            left, most = left - len(jpeg), most - 1
            yield PageImage(jpeg, drawn.width, drawn.height, drawn.codes)


def _checked(message: Mapping[str, Any]) -> Reading:
    with _believed():
        return answered.reading(message.get("reading"))


@contextlib.contextmanager
def _believed() -> Iterator[None]:
    """Refuse the file whose child answers what it should not, or stops before it has answered."""
    try:
        yield
    except answers.Cut:
        raise Unreadable("too_heavy") from None
    except answers.BadAnswer:
        raise Unreadable("damaged") from None


def ask(
    script: Path,
    mode: str,
    options: dict[str, Any],
    data: bytes,
    *,
    cpu_seconds: int,
    most: int,
    refusals: Collection[str] = (),
) -> tuple[dict[str, Any], bytes]:
    """Ask one question of another app's child, which calls `child.serve`. Return its message and the bytes after it.

    Args:
        most: how many bytes may come after the message.
        refusals: the codes of that child's own refusals, beside those of the readers.

    Raises:
        Unreadable: the child refuses the file, or was stopped.
    """
    sent = json.dumps(options).encode() + b"\n"
    with _process(script, [mode, str(cpu_seconds)], sent, io.BytesIO(data), cpu_seconds=cpu_seconds) as output:
        message = _message(output, refusals=refusals)
        with _believed():
            size = message.pop("bytes", 0)
            answer = answers.content(output, size, most=most) if size != 0 else b""
    return message, answer


@contextlib.contextmanager
def _child(mode: str, options: dict[str, Any], stream: BinaryIO, *, cpu_seconds: int) -> Iterator[IO[bytes]]:
    sent = json.dumps(options).encode() + b"\n"
    with _process(CHILD, words_of(mode, options, cpu_seconds), sent, stream, cpu_seconds=cpu_seconds) as output:
        yield output


def words_of(mode: str, options: Mapping[str, Any], cpu_seconds: int) -> list[str]:
    """Return the arguments of the readers' child: the last ones are folders of certificates, which it may read."""
    folders = [*options.get("authorities", ()), *options.get("signature_authorities", ())]
    return [mode, str(cpu_seconds), *folders]


@contextlib.contextmanager
def _process(
    script: Path, words: Sequence[str], sent: bytes, stream: BinaryIO, *, cpu_seconds: int
) -> Iterator[IO[bytes]]:
    """Start a child that owns nothing, send it the options and the stream, and give what it answers.

    Raises:
        Unreadable: this machine cannot confine a child, in production.
    """
    try:
        with starting.started(script, *words, seconds=cpu_seconds * WALL_FACTOR) as process:
            assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
            _feed(sent, stream, process.stdin)
            yield process.stdout
    except starting.NotConfined:
        raise Unreadable(NOT_CONFINED) from None


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


def _message(output: IO[bytes], *, most: int = MAX_PAPER_MESSAGE, refusals: Collection[str] = ()) -> dict[str, Any]:
    """Read one message of the child. Without a valid one, the file is unreadable."""
    with _believed():
        message = answers.message(output, most=most)
    if "unreadable" in message:
        code = message["unreadable"]
        raise Unreadable(code if code in (*UNREADABLE, *refusals) else "damaged")
    return message
