"""Shared code of the holders: requests, answers and simulated faults."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

#: Faults to simulate for a resident. The server applies "slow" to "quota" itself; apps read the others by
#: `request.mode`.
MODES = {
    "normal": "répond normalement",
    "slow": "répond trop lentement",
    "down": "est en panne",
    "broken": "envoie un JSON coupé",
    "quota": "refuse : trop de demandes",
    "not_found": "ne trouve aucun dossier",
    "masked": "cache des champs",
    "stale": "donne une réponse ancienne",
    "expired": "dit que l’autorisation est expirée",
    "wrong_person": "répond pour une autre personne",
    "city_refused": "refuse le jeton de la ville",
}
Handler = TypeVar("Handler", bound=Callable[..., "Answer"])
PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8">\
<meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"""


@dataclass(frozen=True)
class Request:
    """A request to an app. `path` is relative to the app; `base` is the app's URL."""

    method: str
    path: str
    base: str = ""
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    mode: Callable[[str], str] = lambda person: "normal"

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def one(self, name: str) -> str:
        """Return the value of a parameter of the URL or the form, or an empty string."""
        found = self.query.get(name) or self.form.get(name) or [""]
        return found[0]


@dataclass(frozen=True)
class Answer:
    """An answer. `about` is the resident concerned (people.PEOPLE): the faults chosen for them apply to it."""

    body: bytes = b""
    status: int = 200
    media_type: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()
    about: str = ""


def say(data: Any, status: int = 200, *, about: str = "") -> Answer:  # noqa: ANN401 - JSON's own shape
    return Answer(json.dumps(data, ensure_ascii=False).encode(), status, about=about)


def page(title: str, body: str, status: int = 200) -> Answer:
    """Return an HTML page. `body` is HTML: escape values from outside."""
    return Answer(PAGE.format(title=escape(title), body=body).encode(), status, "text/html; charset=utf-8")


def redirect(address: str, **parameters: str) -> Answer:
    joint = "&" if "?" in address else "?"
    return Answer(status=302, headers=[("Location", address + (joint + urlencode(parameters) if parameters else ""))])


class App:
    """One holder. A handler gets the request, then the named parts of its path."""

    def __init__(self, name: str, title: str) -> None:
        self.name, self.title = name, title
        self.routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = []

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path) + r"/?\Z")

        def add(handler: Handler) -> Handler:
            self.routes.append((method, pattern, handler))
            return handler

        return add

    def answer(self, request: Request) -> Answer:
        for method, pattern, handler in self.routes:
            if method == request.method and (match := pattern.match(request.path)):
                return handler(request, **match.groupdict())
        return say({"error": "not_found", "path": request.path}, 404)


def apply_fault(answer: Answer, mode: str) -> Answer:
    match mode:
        case "down":
            return say({"error": "service unavailable"}, 503)
        case "quota":
            return replace(say({"error": "too many requests"}, 429), headers=[("Retry-After", "3600")])
        case "broken":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
    return answer
