"""The service's web application: WSGI, sessions in memory. A restart forgets everybody."""

import secrets
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from requests import RequestException

from demo.services.par4chemins import choosing, pages
from demo.services.par4chemins.choosing import DATA, Known, Outing, Wanted
from demo.services.par4chemins.pages import Look
from demo.services.par4chemins.vault import PORTAL, Ended, Vault
from demo.services.par4chemins.words import ENGLISH, FRENCH, Words

COOKIE = "par4chemins"
LONGEST = 10_000
PARIS = ZoneInfo("Europe/Paris")
MOST_SESSIONS = 1_000
STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
#: What a link to the same page in another language keeps of its address.
KEPT = ("gout", "quand", "quoi", "prix")
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {PORTAL}",
    ),
)


@dataclass
class Session:
    """What is remembered of one browser: its way into a vault, the challenges met, the programme. No value."""

    vault: Vault | None = None
    waiting: Vault | None = None
    language: str = ""
    met: dict[str, int] = field(default_factory=dict)
    programme: dict[str, datetime] = field(default_factory=dict)
    code: str = ""
    ended: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    address: str
    base: str
    languages: str

    def first(self, name: str, known: Container[str] = ()) -> str:
        """Return a choice of the address, or nothing if it is not one of `known`."""
        found = (self.query.get(name) or [""])[0]
        return found if found in known else ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: str = ""
    to: str = ""
    media_type: str = "text/html; charset=utf-8"


class Site:
    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def __call__(self, wsgi: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request, key = _request(wsgi), _key(wsgi)
        if key not in self._sessions:
            key = secrets.token_urlsafe(32)
            self._sessions = dict(list(self._sessions.items())[-MOST_SESSIONS:]) | {key: Session()}
        session = self._sessions[key]
        if chosen := request.first("langue", (FRENCH, ENGLISH)):
            session.language = chosen
        session.language = session.language or (ENGLISH if request.languages.startswith(ENGLISH) else FRENCH)
        try:
            answer = self._answer(request, session)
        except Ended:
            self._sessions[key] = Session(language=session.language, ended=True)
            answer = Answer(303, to="/")
        except RequestException:
            text = "Votre coffre ne répond pas. Réessayez dans un moment."
            answer = Answer(502, pages.refused(_look(request, session), text))
        content = answer.body.encode()
        headers = [("Content-Type", answer.media_type), ("Content-Length", str(len(content))), *HEADERS]
        headers += [("Set-Cookie", f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/")]
        headers += [("Location", answer.to)] if answer.to else []
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [content]

    def _answer(self, request: Request, session: Session) -> Answer:
        look = _look(request, session)
        match request.method, request.path:
            case "GET", "/style.css":
                return Answer(200, STYLE, media_type="text/css; charset=utf-8")
            case "GET", "/":
                ended, session.ended = session.ended, False
                return Answer(200, pages.home(look, _tastes(request), ended=ended))
            case "GET", "/sorties":
                return self._outings(request, session, look)
            case "GET", "/programme":
                return self._programme(request, session, look)
            case "POST", "/programme":
                return self._choose(request, session, look)
            case "POST", "/connexion":
                session.waiting = Vault(f"{request.base}/retour")
                return Answer(303, to=session.waiting.address())
            case "GET", "/retour":
                return self._back(request, session)
            case "POST", "/defis":
                return self._challenge(request, session)
            case "GET", "/code":
                return self._code(session, look)
            case "POST", "/arreter":
                if session.vault is not None:
                    session.vault.give_back()
                raise Ended
        return Answer(404, pages.refused(look, "Cette page n’existe pas."))

    def _outings(self, request: Request, session: Session, look: Look) -> Answer:
        known, note = Known(_tastes(request)), ""
        if session.vault is not None:
            try:
                known = session.vault.read()
            except PermissionError:
                note = look.words("Vous avez mis ce partage en pause : voici les sorties pour tout le monde.")
        wanted = Wanted(
            request.first("quand", (choosing.WEEK, choosing.WEEKEND)),
            request.first("quoi", choosing.TASTES),
            request.first("prix", choosing.PRICES),
            session.code,
        )
        found = choosing.outings(known, _today(), look.words, wanted)
        return Answer(200, pages.outings(look, found, known, wanted, choosing.walk(known, look.words), note))

    def _programme(self, request: Request, session: Session, look: Look) -> Answer:
        rows = [(choosing.outing_of(code), start) for code, start in session.programme.items()]
        chosen = [Outing(row, start, choosing.is_reduced(row, session.code)) for row, start in rows if row is not None]
        ordered = sorted(chosen, key=lambda one: one.start)
        prices = request.first("prix", ("sans",)) != "sans"
        return Answer(200, pages.programme(look, ordered, _today(), prices=prices))

    def _choose(self, request: Request, session: Session, look: Look) -> Answer:
        """Put an outing into the programme, or take it away; then back to the same list."""
        added, removed = _sent(request, "ajouter"), _sent(request, "retirer")
        row = choosing.outing_of(added or removed)
        if row is None:
            return Answer(400, pages.refused(look, "Cette sortie n’existe pas."))
        session.programme.pop(row["code"], None)
        if added:
            session.programme[row["code"]] = choosing.start_of(row, _today())
        kept = urlencode(_kept(request), doseq=True)
        return Answer(303, to=f"/sorties?{kept}" if kept else "/sorties")

    def _back(self, request: Request, session: Session) -> Answer:
        vault, session.waiting = session.waiting, None
        if vault is None:
            return Answer(303, to="/")
        vault.come_back(request.address)
        session.vault = vault
        return Answer(303, to="/sorties")

    def _challenge(self, request: Request, session: Session) -> Answer:
        look, found = _look(request, session), choosing.challenge(_sent(request, "defi"))
        if found is None or session.vault is None:
            return Answer(400, pages.refused(look, "Ce défi n’existe pas, ou votre coffre n’est pas connecté."))
        try:
            new = session.vault.write_points(found["title"], found["points"], _today())
        except PermissionError:
            text = "Vous n’avez pas accepté que nous écrivions vos points : rien n’est écrit."
            return Answer(403, pages.refused(look, text))
        session.met[found["code"]] = found["points"]
        return Answer(200, pages.points(look, look.words.of(found, "title"), new))

    def _code(self, session: Session, look: Look) -> Answer:
        if sum(session.met.values()) < DATA["reduced_price"]["points"]:
            return Answer(403, pages.refused(look, "Il manque des points."))
        session.code = session.code or f"P4C-{secrets.token_hex(4).upper()}"
        return Answer(200, pages.code(look, session.code))


def _look(request: Request, session: Session) -> Look:
    """Return how the page is shown. A page that answers a form has no address to come back to: the list has."""
    read = request.method == "GET"
    return Look(
        words=Words(session.language),
        path=request.path if read else "/sorties",
        query=_kept(request) if read else {},
        programme=session.programme,
        connected=session.vault is not None,
        met=session.met,
    )


def _kept(request: Request) -> dict[str, list[str]]:
    return {name: values for name, values in request.query.items() if name in KEPT}


def _today() -> date:
    """Return the day in Villebrume, whatever this machine's zone is."""
    return datetime.now(PARIS).date()


def _tastes(request: Request) -> list[str]:
    return [one for one in request.query.get("gout", []) if one in choosing.TASTES]


def _sent(request: Request, name: str) -> str:
    return (request.form.get(name) or [""])[0]


def _key(wsgi: Mapping[str, Any]) -> str:
    found = SimpleCookie(wsgi.get("HTTP_COOKIE", "")).get(COOKIE)
    return found.value if found else ""


def _request(wsgi: Mapping[str, Any]) -> Request:
    length = min(int(wsgi.get("CONTENT_LENGTH") or 0), LONGEST)
    body = wsgi["wsgi.input"].read(length).decode("utf-8", "replace") if length else ""
    query = wsgi.get("QUERY_STRING", "")
    base = f"http://{wsgi.get('HTTP_HOST', '')}"
    path = wsgi.get("PATH_INFO", "/")
    address, languages = f"{base}{path}?{query}", wsgi.get("HTTP_ACCEPT_LANGUAGE", "")
    return Request(wsgi["REQUEST_METHOD"], path, parse_qs(query), parse_qs(body), address, base, languages)
