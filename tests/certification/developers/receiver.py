"""A program's receiver of webhooks, which verifies each signature with a library that we did not write."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """Answers a challenge; to an event, the next status of `statuses`, then 200. A wrong signature gets a 401."""

    port: int = 0
    secret: str = ""
    statuses: list[int] = field(default_factory=list)
    #: The events, in order, with their ids.
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forged: int = 0
    echoes: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/signaux"

    @property
    def types(self) -> list[str]:
        return [event["type"] for _id, event in self.received]

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        content = json.loads(body)
        if content["type"] == "endpoint.challenge":
            # Its secret is on the page that answers the form: the challenge may come before it was copied.
            return 200, json.dumps({"challenge": content["data"]["challenge"] if self.echoes else "no"}).encode()
        try:
            event = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return 401, b""
        self.received.append((headers["webhook-id"], event))
        return (self.statuses.pop(0) if self.statuses else 200), b""


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = receiver.answer(headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
