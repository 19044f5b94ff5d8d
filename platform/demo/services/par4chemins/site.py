"""The service's web application: WSGI, sessions in memory. A restart forgets everybody."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from demo.services.par4chemins import choosing, pages
from demo.services.par4chemins.choosing import DATA, Known
from demo.services.par4chemins.vault import Ended, Vault

COOKIE = "par4chemins"
LONGEST = 10_000
MOST_SESSIONS = 1_000


@dataclass
class Session:
    """What is remembered of one browser: its way into a vault, and the challenges met. No value."""

    vault: Vault | None = None
    waiting: Vault | None = None
    met: dict[str, int] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    address: str
    base: str


Answer = tuple[int, str, str]


class Site:
    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def __call__(self, wsgi: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request, key = _request(wsgi), _key(wsgi)
        if key not in self._sessions:
            key = secrets.token_urlsafe(32)
            self._sessions = dict(list(self._sessions.items())[-MOST_SESSIONS:]) | {key: Session()}
        session = self._sessions[key]
        try:
            status, body, address = self._answer(request, session)
        except Ended:
            session.vault, session.waiting, session.met, session.ended = None, None, {}, True
            status, body, address = 303, "", "/"
        content = body.encode()
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(content)))]
        headers += [("Set-Cookie", f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/"), ("Cache-Control", "no-store")]
        headers += [("Referrer-Policy", "no-referrer"), *([("Location", address)] if address else [])]
        start_response(f"{status} {'OK' if status == 200 else 'Elsewhere' if address else 'Refused'}", headers)
        return [content]

    def _answer(self, request: Request, session: Session) -> Answer:
        match request.method, request.path:
            case "GET", "/":
                ended, session.ended = session.ended, False
                return 200, pages.home(ended), ""
            case "GET", "/sorties":
                return self._outings(request, session)
            case "POST", "/connexion":
                session.waiting = Vault(f"{request.base}/retour")
                return 303, "", session.waiting.address()
            case "GET", "/retour":
                return self._back(request, session)
            case "POST", "/defis":
                return self._challenge(request, session)
            case "GET", "/code":
                return self._code(session)
            case "POST", "/arreter":
                if session.vault is not None:
                    session.vault.give_back()
                raise Ended
        return 404, pages.refused("Cette page n’existe pas."), ""

    def _outings(self, request: Request, session: Session) -> Answer:
        tastes = [one for one in request.query.get("gout", []) if one in choosing.TASTES]
        missing = []
        known = Known(tastes)
        if session.vault is not None:
            try:
                known = session.vault.read()
            except PermissionError:
                missing = ["Vous avez mis ce partage en pause : voici les sorties pour tout le monde."]
        found = choosing.outings(known, date.today())
        body = pages.outings(found, choosing.walk(known), connected=session.vault is not None, missing=missing)
        return 200, body, ""

    def _back(self, request: Request, session: Session) -> Answer:
        vault, session.waiting = session.waiting, None
        if vault is None:
            return 303, "", "/"
        vault.come_back(request.address)
        session.vault = vault
        return 303, "", "/sorties"

    def _challenge(self, request: Request, session: Session) -> Answer:
        found = choosing.challenge((request.form.get("defi") or [""])[0])
        if found is None or session.vault is None:
            return 400, pages.refused("Ce défi n’existe pas, ou votre coffre n’est pas connecté."), ""
        try:
            new = session.vault.write_points(found["title"], found["points"], date.today())
        except PermissionError:
            return 403, pages.refused("Vous n’avez pas accepté que nous écrivions vos points : rien n’est écrit."), ""
        session.met[found["code"]] = found["points"]
        return 200, pages.points(found["title"], new, sum(session.met.values())), ""

    def _code(self, session: Session) -> Answer:
        if sum(session.met.values()) < DATA["reduced_price"]["points"]:
            return 403, pages.refused("Il manque des points."), ""
        made = hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:8].upper()
        return 200, pages.code(f"P4C-{made}"), ""


def _key(wsgi: Mapping[str, Any]) -> str:
    found = SimpleCookie(wsgi.get("HTTP_COOKIE", "")).get(COOKIE)
    return found.value if found else ""


def _request(wsgi: Mapping[str, Any]) -> Request:
    length = min(int(wsgi.get("CONTENT_LENGTH") or 0), LONGEST)
    body = wsgi["wsgi.input"].read(length).decode("utf-8", "replace") if length else ""
    query = wsgi.get("QUERY_STRING", "")
    base = f"http://{wsgi.get('HTTP_HOST', '')}"
    path = wsgi.get("PATH_INFO", "/")
    return Request(wsgi["REQUEST_METHOD"], path, parse_qs(query), parse_qs(body), f"{base}{path}?{query}", base)
