"""Holders that send lots: a page takes a resident's code, then the holder's program sends what it knows of them.

Their programs' secrets are in a file that `demo.seeding.senders` writes when it registers them.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request as Call
from urllib.request import urlopen
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from demo.holders.frame import Answer, App, Request, page

FILE = "demo-senders.json"
SECONDS = 20
Known = Callable[[date], Sequence[tuple[str, Mapping[str, Any]]]]


def secrets_file() -> Path:
    return Path(settings.VAR) / FILE


def holder(name: str, title: str, known: Known) -> App:
    """Return the app of a holder that sends.

    Args:
        known: returns what the holder knows of whoever gives it a code: types and payloads.
    """
    app = App(name, title)

    @app.route("GET", "/")
    def form(request: Request) -> Answer:
        return page(
            title,
            '<form method="post"><label for="code">Le code que le portail vous a donné</label> '
            '<input id="code" name="code" autocomplete="off"> <button>Envoyer mes données</button></form>',
        )

    @app.route("POST", "/")
    def send(request: Request) -> Answer:
        program = Program(name)
        try:
            paired = program.pair(request.one("code"))
        except HTTPError as error:
            return page(title, f"<p>Le portail refuse ce code ({error.code}).</p>", 400)
        sent = [
            {"sub": paired["sub"], "type": code, "payload": payload}
            for code, payload in known(timezone.localdate())
            if code in paired["types"]
        ]
        report = program.send(sent)
        return page(title, f"<p>{len(sent)} données envoyées dans le lot {escape(report['id'])}.</p>")

    return app


class Program:
    """A holder's program: it has a secret, and asks for a token each time."""

    def __init__(self, name: str) -> None:
        self._client: Mapping[str, str] = json.loads(secrets_file().read_text())[name]

    def pair(self, code: str) -> dict[str, Any]:
        """Exchange a resident's code for their name here.

        Raises:
            HTTPError
        """
        return self._post("/api/v1/holders/connections", json.dumps({"code": code}).encode(), "application/json")

    def send(self, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        more = {"Idempotency-Key": str(uuid4())}
        return self._post("/api/v1/holders/lots", body, "application/x-ndjson", more)

    def _post(self, path: str, body: bytes, media_type: str, more: Mapping[str, str] = {}) -> dict[str, Any]:
        return self._asked(
            path, body, {"Authorization": f"Bearer {self._token()}", "Content-Type": media_type, **more}
        )

    def _token(self) -> str:
        pair = f"{self._client['client_id']}:{self._client['secret']}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        body = urlencode({"grant_type": "client_credentials", "scope": "lots"}).encode()
        return str(self._asked("/oauth/token", body, headers)["access_token"])

    def _asked(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        call = Call(f"{settings.SITE_URL}{path}", body, dict(headers))  # noqa: S310 - the portal's own address
        with urlopen(call, timeout=SECONDS) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found
