"""The database is stopped, or cut off: pages say so instead of waiting, and the portal comes back with it."""

import http.client
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import psycopg
import pytest
from django.db import connection

from core.database.postgres.base import PLAIN
from core.models import City
from tests.faults.web import Portal, signed_in_by_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("servers")]
#: Nothing here measures time: without an end to its wait, no page would ever answer.
PATIENT = 60


class Between:
    """Passes on what the portal and its database say to each other, until it is told to pass nothing on."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.folder, self.database, self.passing, self.ended = folder, database, threading.Event(), False
        self.passing.set()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(folder / ".s.PGSQL.5432"))
        self.listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listening.accept()
                threading.Thread(target=self._pass_on, args=[client], daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        self.passing.wait()
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready, suppress(OSError):
            server.connect(str(self.database))
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while not self.ended:
                for key, _events in ready.select(1):
                    said = key.fileobj.recv(65_536)  # type: ignore[union-attr]  # one of the two sockets
                    self.passing.wait()
                    if not said:
                        return
                    key.data.sendall(said)


@pytest.fixture
def between(databases, tmp_path) -> Iterator[Between]:
    place = dict(parse_qsl(urlsplit(databases.url("web")).query))["host"]
    folder = tmp_path / "between"
    folder.mkdir()
    between = Between(folder, Path(place, ".s.PGSQL.5432"))
    yield between
    between.ended = True
    between.passing.set()
    between.listening.close()


def lead_through(between: Between, url: str) -> str:
    """Return the address of the database that leads through `between`."""
    address = urlsplit(url)
    options = dict(parse_qsl(address.query)) | {"host": str(between.folder)}
    return address._replace(query="&".join(f"{name}={quote(value)}" for name, value in options.items())).geturl()


@pytest.fixture
def portal(between, databases, tmp_path) -> Iterator[Portal]:
    with Portal(tmp_path, workers=1, DATABASE_URL=lead_through(between, databases.url("web"))).running() as portal:
        yield portal


def get(portal: Portal, page: str, cookies: dict[str, str] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=PATIENT)
    connection.request("GET", page, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in (cookies or {}).items())})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_pages_say_that_a_silent_database_is_down_and_come_back_with_it(between, portal, resident):
    City(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 42 00").save()
    cookies = signed_in_by_cookie(resident)
    assert get(portal, "/", cookies)[0] == get(portal, "/aide/")[0] == 200
    between.passing.clear()
    for page, cookie in (("/", cookies), ("/aide/", None), ("/coffre/", cookies), ("/connexion/", None)):
        status, text = get(portal, page, cookie)
        assert (page, status) == (page, 503)
        assert "Un problème de notre côté" in text and "01 99 00 42 00" in text
    assert get(portal, "/health")[0] == 200
    status, text = get(portal, "/ready")
    assert status == 503
    assert '"database"' in text
    between.passing.set()
    assert eventually(portal, "/", cookies) == 200


def test_a_server_that_starts_before_its_database_answers_503_until_it_is_there(
    between, databases, tmp_path, resident
):
    cookies = signed_in_by_cookie(resident)
    between.passing.clear()
    with Portal(tmp_path, workers=1, DATABASE_URL=lead_through(between, databases.url("web"))).running() as portal:
        status, text = get(portal, "/", cookies)
        assert status == 503 and "Un problème de notre côté" in text
        assert (get(portal, "/health")[0], get(portal, "/ready")[0]) == (200, 503)
        between.passing.set()
        assert eventually(portal, "/", cookies) == 200


def test_it_ends_when_the_database_comes_and_its_role_may_rewrite_the_journal(between, databases, tmp_path):
    between.passing.clear()
    with Portal(tmp_path, workers=1, DATABASE_URL=lead_through(between, databases.url("owner"))).running() as portal:
        assert get(portal, "/")[0] == 503
        between.passing.set()
        with suppress(OSError):
            assert eventually(portal, "/", {}) == 503, "no page is made as the owner"
        assert portal.process.wait(timeout=PATIENT) == 0
    assert "the database's role is not safe" in portal.log.read_text()


def eventually(portal: Portal, page: str, cookies: dict[str, str]) -> int:
    """Ask until the process connects again, which it does not try more than once a second."""
    return next((200 for _try in range(2_000) if get(portal, page, cookies)[0] == 200), 503)


#: What a role may set for itself, and what each of the portal's connections has all the same.
OF_THE_ROLE = {
    "search_path": ("campaigns", "public"),
    "datestyle": ("'SQL, DMY'", "ISO, MDY"),
    "default_transaction_read_only": ("on", "off"),
    "timezone": ("'Asia/Tokyo'", "UTC"),
    "default_transaction_isolation": ("'repeatable read'", "read committed"),
    "synchronous_commit": ("off", "on"),
    "standard_conforming_strings": ("off", "on"),
    "transform_null_equals": ("on", "off"),
}


def test_what_the_role_set_for_itself_changes_nothing(tamper, client):
    """A role may change its own settings, for all its later connections; those that the portal gives win."""
    of_this_test = f'ALTER ROLE web IN DATABASE "{connection.settings_dict["NAME"]}"'
    with tamper() as admin:
        for name, (bad, _good) in OF_THE_ROLE.items():
            admin.execute(f"{of_this_test} SET {name} = {bad}")
        try:
            connection.close()
            assert client.get("/aide/").status_code == 200
            # The tests' own connections do not wait for the disk.
            with psycopg.connect(**connection.get_connection_params() | {"options": PLAIN}) as own:
                found = {name: own.execute("SELECT current_setting(%s)", [name]).fetchone() for name in OF_THE_ROLE}
            assert found == {name: (good,) for name, (_bad, good) in OF_THE_ROLE.items()}
        finally:
            for name in OF_THE_ROLE:
                admin.execute(f"{of_this_test} RESET {name}")
            connection.close()
