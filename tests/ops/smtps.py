"""A mail server that speaks TLS at once, as on port 465, and keeps what it takes in memory."""

import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Session(socketserver.StreamRequestHandler):
    """One connection: the commands of RFC 5321 that Django's client sends."""

    def handle(self) -> None:
        self._say("220 mail.villebrume.example")
        for line in self.rfile:
            command = line.split(b" ", 1)[0].strip().upper()
            if command == b"DATA":
                self._say("354 end with a point")
                self.server.taken.append(b"".join(iter(self.rfile.readline, b".\r\n")))  # type: ignore[attr-defined]
            self._say("221 bye" if command == b"QUIT" else "250 ok")
            if command == b"QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.taken: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def last(self) -> str:
        """Return the plain text of the last message."""
        message = email.message_from_bytes(self.taken[-1], policy=email.policy.default)
        part = message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@contextmanager
def mail_server(certificate: Path, key: Path) -> Iterator[MailServer]:
    with MailServer(certificate, key) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
