r"""Client of clamd: sends it the decrypted bytes as a stream, so that no plaintext is written to disk.

    zINSTREAM\0  (length, 4 bytes, big endian; that many bytes)*  0000
        ->  stream: OK\0 | stream: <signature> FOUND\0 | … ERROR\0

Without `CLAMD_URL` no file is scanned. With it, a file stays where it is until clamd answers exactly "OK".
"""

import contextlib
import socket
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from django.conf import settings

CHUNK = 65_536
#: Scanning a file of 64 MB takes about 2 s.
SECONDS = 30
PING_SECONDS = 2
MOST_ANSWER = 4096
PORT = 3310


class NotAnswering(Exception):
    """clamd is down, too slow or broke the protocol. Ask again later."""


class OverItsLimit(Exception):
    """The file exceeds clamd's StreamMaxLength, which must be at least 64 MB."""


def configured() -> bool:
    return bool(settings.CLAMD_URL)


def find(stream: BinaryIO) -> str | None:
    """Return the name of the matching signature, or None if the file is clean. Reads the stream to its end.

    Raises:
        NotAnswering: clamd is down or slow.
        OverItsLimit: the file is larger than clamd accepts.
    """
    with _connection(SECONDS) as connection:
        cut = _send_stream(stream, connection)
        answer = _read_answer(connection)
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
        with _connection(PING_SECONDS) as connection:
            connection.sendall(b"zPING\0")
            return _read_answer(connection) == "PONG"
    except NotAnswering:
        return False


def _send_stream(stream: BinaryIO, connection: socket.socket) -> bool:
    """Send the stream. Return True if clamd closed the connection before the end; its answer says why."""
    try:
        connection.sendall(b"zINSTREAM\0")
        while chunk := stream.read(CHUNK):
            connection.sendall(len(chunk).to_bytes(4) + chunk)
        connection.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def _read_answer(connection: socket.socket) -> str:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while not answer.endswith(b"\0") and len(answer) < MOST_ANSWER and (more := connection.recv(MOST_ANSWER)):
            answer += more
    return answer.removesuffix(b"\0").decode("ascii", "replace").strip()


@contextlib.contextmanager
def _connection(seconds: float) -> Iterator[socket.socket]:
    try:
        with _connected(seconds) as connection:
            yield connection
    except OSError:
        raise NotAnswering from None


def _connected(seconds: float) -> socket.socket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname or "localhost", parts.port or PORT), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    connection.connect(unquote(parts.path))
    return connection
