"""The server: finds the apps, mounts them, keeps the simulated faults, and shows a page to choose them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from demo.holders.cases import cases
from demo.holders.frame import MODES, Answer, App, Request, apply_fault, page, redirect, say

EVERYONE = "*"


def apps() -> dict[str, App]:
    folders = sorted(file.parent.name for file in Path(__file__).parent.glob("*/app.py"))
    found = [import_module(f"demo.holders.{name}.app").APP for name in folders]
    return {app.name: app for app in found}


@dataclass
class Site:
    """The WSGI application. Faults are kept in memory, so a restart removes them."""

    slow_seconds: float = 30
    mounted: Mapping[str, App] = field(default_factory=apps)
    modes: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Requests received, in order: (app, path). Tests read it.
    seen: list[tuple[str, str]] = field(default_factory=list)

    def set_mode(self, app: str, person: str, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(mode)
        self.modes[app, person] = mode

    def mode(self, app: str, person: str) -> str:
        return self.modes.get((app, person)) or self.modes.get((app, EVERYONE)) or "normal"

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self.answer(_request(environ))
        headers = [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.body))), *answer.headers]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def answer(self, request: Request) -> Answer:
        name, _, path = request.path.lstrip("/").partition("/")
        if name in {"", "modes"}:
            return self.control(request)
        app = self.mounted.get(name)
        if app is None:
            return say({"error": "no such holder"}, 404)
        self.seen.append((name, "/" + path))
        asked = replace(
            request, path="/" + path, base=f"{request.base}/{name}", mode=lambda person: self.mode(name, person)
        )
        answer = app.answer(asked)
        mode = self.mode(name, answer.about) if answer.about else "normal"
        if mode == "slow":
            time.sleep(self.slow_seconds)
        return apply_fault(answer, mode)

    def control(self, request: Request) -> Answer:
        if request.method == "POST":
            app, person, mode = (request.one(name) for name in ("app", "person", "mode"))
            if app not in self.mounted or mode not in MODES:
                return page("Demande inconnue", "<p>Choisissez dans les listes.</p>", 400)
            self.set_mode(app, person, mode)
            return redirect(f"{request.base}/")
        return page("Organismes fictifs", self._forms())

    def _forms(self) -> str:
        people = {EVERYONE: "tout le monde"} | {slug: case.name for slug, case in cases().items()}
        troubles = [
            f"<li>{escape(self.mounted[app].title)}, {escape(people.get(person, person))} : {escape(MODES[mode])}</li>"
            for (app, person), mode in sorted(self.modes.items())
            if mode != "normal"
        ]
        return (
            "<p>Ici répondent la CAF, Enedis et les autres, pour des personnes inventées."
            " Choisissez une panne pour voir ce que le portail "
            f"en dit.</p>{'<ul>' + ''.join(troubles) + '</ul>' if troubles else '<p>Tous répondent normalement.</p>'}"
            '<form method="post" action="/modes">'
            f"{_choice('app', 'Organisme', {name: app.title for name, app in self.mounted.items()})}"
            f"{_choice('person', 'Personne', people)}{_choice('mode', 'Ce qui arrive', MODES)}"
            "<p><button>Appliquer</button></p></form>"
        )


def _choice(name: str, label: str, options: Mapping[str, str]) -> str:
    listed = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
    return f'<p><label for="{name}">{label}</label> <select id="{name}" name="{name}">{listed}</select></p>'


def _request(wsgi: Mapping[str, Any]) -> Request:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in wsgi.items() if name.startswith("HTTP_")}
    length = int(wsgi.get("CONTENT_LENGTH") or 0)
    return Request(
        method=wsgi["REQUEST_METHOD"],
        path=wsgi["PATH_INFO"],
        base=f"http://{headers.get('host', '')}",
        query=parse_qs(wsgi.get("QUERY_STRING", ""), keep_blank_values=True),
        headers=headers,
        body=wsgi["wsgi.input"].read(length) if length else b"",
    )


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: URLs hold the civil status of residents."""

    def address_string(self) -> str:
        return "127.0.0.1"


def bind(host: str, port: int, site: Site) -> WSGIServer:
    return make_server(host, port, site, server_class=_Server, handler_class=_Quiet)


@dataclass(frozen=True)
class Running:
    url: str
    site: Site


@contextlib.contextmanager
def running(site: Site | None = None) -> Iterator[Running]:
    """Run the server in a thread of this process, at a free port. For tests."""
    site = site or Site()
    server = bind("127.0.0.1", 0, site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="holders", daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.server_port}", site)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
