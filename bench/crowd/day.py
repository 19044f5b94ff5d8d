"""The visitors of the load, in one process without the portal's code: `python -m bench.crowd.day < WHAT > FOUND`.

Each resident is a thread: it opens a page, reads for some seconds, opens another. `WHAT` is a JSON object with what
`town.fill` returns, and `port`, `seconds`, `warm`, `think`, `seed` and `first`. `FOUND` has what each request took.
The server keeps no connection as long as people read a page: each request opens its own.
"""

import email
import http.client
import json
import random
import re
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TIMEOUT = 30.0
#: Seconds for an e-mail to be in its folder, and how many of the newest ones are looked at.
MAIL_SECONDS, NEWEST = 5.0, 40
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Found:
    """What the requests took: kind, milliseconds, and whether the answer was the one expected."""

    samples: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Unexpected(Exception):
    """The answer is not the one that a resident would get."""


class Visitor:
    def __init__(self, number: int, person: dict[str, Any], what: dict[str, Any], found: Found, begins: float) -> None:
        self.person, self.what, self.found, self.begins = person, what, found, begins
        self.chance = random.Random(f"{what['seed']} {number}")
        self.cookies: dict[str, str] = dict(person["cookies"])
        #: The e-mails whose code was used.
        self.mails: set[Path] = set()
        #: The limits count addresses. Any of 127.0.0.0/8 is this machine's own.
        self.address = f"127.20.{number // 250}.{number % 250 + 1}"
        #: Behind a proxy that ends TLS.
        self.context = ssl.create_default_context(cafile=what["certificate"]) if what.get("certificate") else None
        self.waits = False

    def live(self) -> None:
        """Open pages until the time is over. The first acts are those asked for, then each by its share."""
        names, shares = list(DAY), [share for share, _act in DAY.values()]
        first = list(self.what["first"])
        # As many at each moment as later on.
        time.sleep(self.chance.uniform(0, sum(self.what["think"]) / 2))
        while time.monotonic() < self.begins + self.what["seconds"]:
            name = first.pop(0) if first else self.chance.choices(names, shares)[0]
            try:
                DAY[name][1](self)
            except (Unexpected, OSError, ValueError, http.client.HTTPException) as fault:
                self.found.errors.append(f"{name}: {fault or type(fault).__name__}")
            time.sleep(self.chance.uniform(*self.what["think"]))

    def ask(
        self, kind: str, path: str, *, expected: int = 200, method: str = "GET", body: bytes = b"", **headers: str
    ) -> http.client.HTTPMessage:
        """Send a request, and keep how long its whole answer took.

        Raises:
            Unexpected: another status, or the page that asks to sign in.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies and "Authorization" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            sent["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        sent |= {"Accept-Language": "fr", "Accept-Encoding": "gzip"}
        began, self.waits = time.monotonic(), True
        link = self.connection()
        try:
            link.request(method, path, body or None, sent)
            answer = link.getresponse()
            answer.read()
        finally:
            link.close()
            self.waits = False
        if began >= self.begins + self.what["warm"]:
            self.found.samples.append((kind, (time.monotonic() - began) * 1000))
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status != expected or "/connexion/?" in answer.headers.get("Location", ""):
            raise Unexpected(f"{kind} answers {answer.status}, {answer.headers.get('Location', '')}")
        return answer.headers

    def connection(self) -> http.client.HTTPConnection:
        own, port = (self.address, 0), self.what["port"]
        if self.context:
            return http.client.HTTPSConnection(
                "localhost", port, timeout=TIMEOUT, context=self.context, source_address=own
            )
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT, source_address=own)

    def send(self, kind: str, path: str, fields: dict[str, str]) -> str:
        """Send a form. Return where its answer leads."""
        headers = self.ask(kind, path, expected=302, method="POST", body=urlencode(fields).encode(), **FORM)
        return str(headers["Location"])

    def code(self) -> str:
        """Wait for an e-mail to this resident, and return its code."""
        end = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < end:
            files = [file for folder in self.what["mail"] for file in Path(folder).glob("*")]
            for file in sorted(files, key=lambda file: file.name, reverse=True)[:NEWEST]:
                text = file.read_bytes()
                is_new = f"To: {self.person['email']}\n".encode() in text and file not in self.mails
                if is_new and (code := re.search(r"\b\d{6}\b", plain(text))):
                    self.mails.add(file)
                    return code[0]
            time.sleep(0.1)
        raise Unexpected("no code came by e-mail")


def plain(text: bytes) -> str:
    """Return the plain text of an e-mail."""
    parts = email.message_from_bytes(text).walk()
    bodies = [part.get_payload(decode=True) for part in parts if part.get_content_type() == "text/plain"]
    return "".join(body.decode(errors="replace") for body in bodies if isinstance(body, bytes))


def page(kind: str, path: str) -> Callable[[Visitor], None]:
    """Return the act of opening a page. `{…}` is a key of the visitor's person, or of what all share."""

    def act(visitor: Visitor) -> None:
        visitor.ask(kind, path.format_map(visitor.what | visitor.person))

    return act


def sign_in(visitor: Visitor) -> None:
    """Sign in again by a code, in the same browser, and arrive at home."""
    visitor.cookies.pop(visitor.what["session"], None)
    visitor.ask("sign in: page", "/connexion/")
    visitor.send("sign in: ask for a code", "/connexion/", {"email": visitor.person["email"]})
    visitor.send("sign in: give the code", "/connexion/code/", {"code": visitor.code()})
    visitor.ask("home", "/")


def upload(visitor: Visitor) -> None:
    """Send a paper, which a worker reads, and look at the job's page once."""
    visitor.ask("upload: page", "/coffre/ajouter/")
    content = visitor.what["file"].encode("latin-1") + f"\n% {uuid.uuid4()}\n".encode()
    border = uuid.uuid4().hex
    fields = "".join(
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"kind": "rib", "token": str(uuid.uuid4())}.items()
    )
    head = f'{fields}--{border}\r\nContent-Disposition: form-data; name="file"; filename="rib.pdf"\r\n'
    body = f"{head}Content-Type: application/pdf\r\n\r\n".encode() + content + f"\r\n--{border}--\r\n".encode()
    kind = f"multipart/form-data; boundary={border}"
    headers = visitor.ask(
        "upload: file", "/coffre/ajouter/", expected=302, method="POST", body=body, Content_Type=kind
    )
    visitor.ask("job", str(headers["Location"]))


def build(visitor: Visitor) -> None:
    """Begin a dossier, look at what it lacks, and have a worker make its PDF."""
    aid, path = visitor.what["aid"], "/dossiers/nouveau/"
    fields = {"aids": aid, "recipient": "CAF de Villebrume", "token": str(uuid.uuid4())}
    draft = visitor.send("dossier: begin", f"{path}?aide={aid}", fields)
    visitor.ask("dossier: draft", draft)
    visitor.ask("job", visitor.send("dossier: make", f"{draft}fabriquer/", {}))


def read_by_api(visitor: Visitor) -> None:
    visitor.ask("API read", "/api/v1/me/fields", Authorization=f"Bearer {visitor.person['token']}")


#: Of 100 acts of the day: how many are this one.
DAY: dict[str, tuple[int, Callable[[Visitor], None]]] = {
    "home": (19, page("home", "/")),
    "vault": (16, page("vault", "/coffre/")),
    "record": (8, page("record", "{record}")),
    "aids": (10, page("aids", "/aides/")),
    "why": (3, page("why an aid", "/aides/{aid}/pourquoi/")),
    "dossiers": (3, page("dossiers", "/dossiers/")),
    "draft": (4, page("dossier: draft", "{dossier}")),
    "build": (1, build),
    "shares": (8, page("shares", "/partages/")),
    "journal": (8, page("journal", "/journal/")),
    "sign in": (5, sign_in),
    "upload": (3, upload),
    "API": (7, read_by_api),
    "result": (5, page("public result", "{result}")),
}


def main() -> None:
    what = json.load(sys.stdin)
    found, begins = Found(), time.monotonic()
    visitors = [Visitor(number, person, what, found, begins) for number, person in enumerate(what["people"])]
    for visitor in visitors:
        threading.Thread(target=visitor.live, daemon=True).start()
    time.sleep(what["seconds"])
    # Who reads a page when the time is over is not waited for; who waits for an answer is.
    while any(visitor.waits for visitor in visitors):
        time.sleep(0.05)
    json.dump({"samples": list(found.samples), "errors": list(found.errors)}, sys.stdout)


if __name__ == "__main__":
    main()
