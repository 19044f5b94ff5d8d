"""clamd, asked over its own protocol: the bytes go down the line as they are decrypted, and are never written in clear.

    zINSTREAM\\0  (length, 4 bytes, big endian; that many bytes)*  0000  ->  stream: OK\\0 | stream: <signature> FOUND\\0 | … ERROR\\0

Without CLAMD_URL there is no antivirus. With it nothing passes unseen: whatever is not a plain OK leaves the file where it is.
"""

import contextlib
import socket
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from django.conf import settings

CHUNK = 65_536
#: A file of 64 MB is looked at in about 2 s.
SECONDS = 30
PING_SECONDS = 2
MOST_ANSWER = 4096
PORT = 3310


class NotAnswering(Exception):
    """Down, too slow, or saying something else than the protocol: ask again later."""


class OverItsLimit(Exception):
    """The file is larger than clamd's StreamMaxLength: whoever runs clamd must raise it to 64 MB or more."""


def configured() -> bool:
    return bool(settings.CLAMD_URL)


def find(stream: BinaryIO) -> str | None:
    """The name of the signature that the file matches, or None: clamd found nothing. The stream is read to its end.

    Raises:
        NotAnswering, OverItsLimit
    """
    with _line(SECONDS) as line:
        cut = _pour(stream, line)
        answer = _answer(line)
    if answer.endswith("size limit exceeded. ERROR"):
        raise OverItsLimit
    found = answer.removeprefix("stream: ")
    if found == "OK" and not cut:
        return None
    if found.endswith(" FOUND"):
        return found.removesuffix(" FOUND")
    raise NotAnswering


def answers() -> bool:
    try:
        with _line(PING_SECONDS) as line:
            line.sendall(b"zPING\0")
            return _answer(line) == "PONG"
    except NotAnswering:
        return False


def _pour(stream: BinaryIO, line: socket.socket) -> bool:
    """True: clamd hung up before the end, and its last word says why."""
    try:
        line.sendall(b"zINSTREAM\0")
        while chunk := stream.read(CHUNK):
            line.sendall(len(chunk).to_bytes(4) + chunk)
        line.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def _answer(line: socket.socket) -> str:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while not answer.endswith(b"\0") and len(answer) < MOST_ANSWER and (more := line.recv(MOST_ANSWER)):
            answer += more
    return answer.removesuffix(b"\0").decode("ascii", "replace").strip()


@contextlib.contextmanager
def _line(seconds: float) -> Iterator[socket.socket]:
    try:
        with _connected(seconds) as line:
            yield line
    except OSError:
        raise NotAnswering from None


def _connected(seconds: float) -> socket.socket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname or "localhost", parts.port or PORT), timeout=seconds)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(seconds)
    line.connect(unquote(parts.path))
    return line
