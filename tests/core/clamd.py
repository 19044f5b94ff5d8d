"""A local server that follows clamd's documentation (clamd(8), INSTREAM), to scan files and to simulate its faults."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The harmless EICAR file that every antivirus must detect, in pieces so that this source file is not detected.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!" + b"$H+H*"
SIGNATURE = "Win.Test.EICAR_HDB-1"


class Clamd:
    """The server. `trouble`: "", "garbage", "silent" or "hangs up". `limit` is its StreamMaxLength."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.trouble, self.limit = listener, "", 100_000_000
        self.scanned: list[bytes] = []

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.answer(connection)
                except OSError:
                    continue

    def answer(self, connection: socket.socket) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += connection.recv(1)
        if self.trouble == "hangs up":
            return
        if self.trouble == "silent":
            connection.recv(1 << 20)
            connection.settimeout(5)
            while connection.recv(1 << 20):
                pass
            return
        reply = {b"zPING\0": lambda: b"PONG", b"zINSTREAM\0": lambda: self.scan(connection)}.get(
            command, lambda: b"UNKNOWN COMMAND"
        )()
        connection.sendall((b"\xff\x00 nonsense" if self.trouble == "garbage" else reply) + b"\0")

    def scan(self, connection: socket.socket) -> bytes:
        content = b""
        while size := int.from_bytes(self.exactly(connection, 4)):
            if len(content) + size > self.limit:
                return b"INSTREAM size limit exceeded. ERROR"
            content += self.exactly(connection, size)
        self.scanned.append(content)
        return f"stream: {SIGNATURE} FOUND".encode() if EICAR in content else b"stream: OK"

    @staticmethod
    def exactly(connection: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = connection.recv(size - len(data))
            if not more:
                raise OSError
            data += more
        return data


@contextmanager
def clamd(folder: Path | None = None) -> Iterator[tuple[Clamd, str]]:
    """Run the server and yield it with its URL: a socket in this folder, else a port."""
    if folder is not None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "clamd.ctl"))
        address = f"unix://{folder}/clamd.ctl"
    else:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    listener.listen()
    served = Clamd(listener)
    threading.Thread(target=served.serve, daemon=True).start()
    yield served, address
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
