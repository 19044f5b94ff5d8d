"""A mail server that hangs, or is not there: pages stay fast, and who asks for a code is told whom to call."""

import http.client
import re
import socket
import threading
import time
from urllib.parse import urlencode

import pytest

from core.models import City
from tests.faults.test_slow_visitors import FROZEN, seconds
from tests.faults.web import Portal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PHONE = "01 99 00 42 00"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def mute():
    """Yield the port of a mail server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@pytest.fixture
def portal(mute, tmp_path):
    City.objects.update_or_create(
        defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042", "phone": PHONE}
    )
    portal = Portal(tmp_path, "tests.faults.mail_settings")
    portal.variables["TEST_MAIL_PORT"] = str(mute)
    with portal.running():
        yield portal


def ask_for_a_code(port: int, answers: list[tuple[int, str]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/connexion/")
    answer = connection.getresponse()
    cookie, (token,) = str(answer.headers["Set-Cookie"]).split(";")[0], set(TOKEN.findall(answer.read().decode()))
    form = urlencode({"csrfmiddlewaretoken": token, "email": f"{threading.get_ident()}@example.org"})
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/connexion/", form, headers)
    answer = connection.getresponse()
    answers.append((answer.status, answer.read().decode()))


def test_a_mail_server_that_hangs_leaves_the_pages_fast_and_the_telephone_number(portal):
    answers: list[tuple[int, str]] = []
    asking = [threading.Thread(target=ask_for_a_code, args=(portal.port, answers), daemon=True) for _ in range(16)]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + 20
    while not answers:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    took = sorted(seconds(portal.port) for _ in range(20))
    assert took[18] < FROZEN
    for thread in asking:
        thread.join(20)
    assert [status for status, _page in answers] == [503] * len(asking)
    assert all(PHONE in page and "n’a pas pu partir" in page for _status, page in answers)
