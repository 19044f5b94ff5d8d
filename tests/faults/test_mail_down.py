"""A mail server that hangs, or is not there: pages stay fast, and who asks for a code is told whom to call."""

import http.client
import re
import socket
import threading
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone
from django_scopes import scope

from campaigns.debates import tasks
from campaigns.debates.actions import casting, counting, posts
from campaigns.debates.enums import Rule
from campaigns.debates.models import Authorship, Moderation
from core.messages import mails
from core.models import City
from tests.accounts.factories import AgentFactory, signed_in
from tests.campaigns.conftest import as_release  # noqa: F401 - a fixture
from tests.campaigns.debates import voted
from tests.campaigns.debates.conftest import campaign, vote  # noqa: F401 - fixtures
from tests.faults.test_slow_visitors import FROZEN, seconds
from tests.faults.web import Portal
from vault.journal.actions import journal as ageing
from vault.journal.models import Alerts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PHONE = "01 99 00 42 00"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def mute():
    """Yield the port of a mail server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@pytest.fixture
def patient(monkeypatch):
    """A worker that waits until its test has hung up, however slow the machine is."""
    monkeypatch.setattr(mails, "PATIENCE", 120)


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


def test_a_mail_server_that_hangs_during_a_vote_keeps_nobody_waiting(
    vote,  # noqa: F811
    resident,
    as_release,  # noqa: F811
    settings,
    mailoutbox,
    patient,
):
    """While the worker waits for it: the author contests, residents vote online and on paper, the count comes out."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    argument = voted.argument(voted.proposal(vote.campaign))
    with scope(resident=resident.pk):
        Authorship.objects.create(resident_id=resident.pk, post=argument)
    moderation = posts.set_aside(post=argument, by=AgentFactory(), rule=Rule.ADVERT, reasons="Une enseigne.")
    voted.proven(resident, (1).to_bytes(32, "big"))
    failed: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_PORT = server.getsockname()[1]
        worker = threading.Thread(target=notify, args=(failed,))
        worker.start()
        hanging, _address = server.accept()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        posts.appeal(resident_id=resident.pk, by=resident.pk, moderation=moderation, words="C’est une école.")
        casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[voted.YES, voted.NO])
        voted.put_on_paper(vote, 2)
        assert signed_in(resident).get(f"/consultations/{vote.campaign.code}/vote/").status_code == 200
        with as_release():
            counting.move(timezone.localdate())
            assert counting.count(vote_id=vote.pk, now=vote.closes_at)
        assert worker.is_alive(), "it still waits for the mail server"
        hanging.close()
        worker.join(20)
    assert failed == ["NotSent"] and Moderation.objects.get().notified_at is None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.notify_authors()
    tasks.notify_authors()
    assert len(mailoutbox) == 1, "it is told later, once"
    decided = posts.decide_appeal(moderation=moderation, by=AgentFactory(), upheld=True, words="C’en est une.")
    assert decided.appeal == "C’est une école."


def notify(failed: list[str]) -> None:
    """Tell authors, as a worker does, and note what failed."""
    try:
        tasks.notify_authors()
    except OSError as error:
        failed.append(type(error).__name__)
    finally:
        connection.close()


def test_a_mail_server_that_hangs_keeps_no_row_of_a_resident(resident, settings, mailoutbox, patient):
    """While the scheduler waits for it, the resident withdraws what the message is about; it leaves later, once."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    with scope(resident=resident.pk):
        Alerts.objects.create(resident_id=resident.pk)
    old, failed = timezone.now() - timedelta(days=3), list[str]()

    def told() -> None:
        try:
            ageing._notify_purge(resident.pk, timezone.now())
        except OSError as error:
            failed.append(type(error).__name__)
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_PORT = server.getsockname()[1]
        worker = threading.Thread(target=told)
        worker.start()
        hanging, _address = server.accept()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        with scope(resident=resident.pk):
            assert Alerts.objects.update(told_at=old) == 1
        assert not ageing._notify_purge(resident.pk, timezone.now()), "another scheduler leaves it to the first"
        assert worker.is_alive(), "it still waits for the mail server"
        hanging.close()
        worker.join(20)
    assert failed == ["NotSent"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert ageing._notify_purge(resident.pk, timezone.now())
    assert not ageing._notify_purge(resident.pk, timezone.now())
    assert len(mailoutbox) == 1
    with scope(resident=resident.pk):
        assert Alerts.objects.get().told_at == old, "what changed meanwhile stays"
