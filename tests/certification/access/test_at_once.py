"""Programs that loop while the resident stops or the city suspends; one code or token used twice at once."""

import threading
import time

import pytest
from django.db import connection
from django.test import Client as Browser
from django_scopes import scope

from certification.access.actions import clients
from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, RefreshToken
from certification.labels.actions import labels
from core import journal
from tests.accounts.factories import AgentFactory
from tests.at_once import at_once, while_at
from tests.certification.access.program import BACK, VERIFIER, called, connected, consented
from tests.certification.made import PARTS
from vault.records.actions import grants
from vault.records.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = "/api/v1/me/fields"
READERS = 3


def raced(token, end):
    """Let readers loop, call `end`, and return the calls as (begun, status), and when `end` had returned."""
    calls, over = [], threading.Event()

    def loop():
        try:
            while not over.is_set():
                begun = time.monotonic()
                calls.append((begun, called(token, FIELDS).status_code))
        finally:
            connection.close()

    readers = [threading.Thread(target=loop) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + 20
    while sum(status == 200 for _begun, status in list(calls)) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    end()
    acknowledged = time.monotonic()
    time.sleep(0.5)
    over.set()
    for reader in readers:
        reader.join()
    return calls, acknowledged


@pytest.mark.parametrize("how", ["stop", "suspension"])
def test_no_reading_begins_after_the_end_was_acknowledged_and_each_has_a_line(session, browser, tenant, label, how):
    token = connected(session, browser, items=[PARTS])["access_token"]
    agent = AgentFactory()
    with scope(resident=tenant.pk):
        grant = Grant.objects.get()

    def end():
        if how == "stop":
            grants.stop(grant=grant, by=tenant.pk)
        else:
            labels.suspend(label=label, by=agent, reasons="Une faille.")

    calls, acknowledged = raced(token, end)
    read = [begun for begun, status in calls if status == 200]
    late = [status for begun, status in calls if begun > acknowledged]
    assert read and late and {*late} <= {401, 403}
    lines = [one for one in journal.entries(resident_id=tenant.pk, limit=5_000) if one.event == "granted_read"]
    assert len(lines) == len(read)


def test_a_code_that_is_exchanged_twice_at_once_gives_one_answer(session, registered, browser):
    back = consented(session, browser)
    code = back.partition("code=")[2].partition("&")[0]
    answers = posted_at_once(registered, grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert sorted(answers) == [200, 400, 400, 400]


def test_a_refresh_token_that_is_used_twice_at_once_gives_one_answer(session, registered, browser):
    token = connected(session, browser)
    answers = posted_at_once(registered, grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert answers.count(200) <= 1 and {*answers} <= {200, 400}


@pytest.mark.parametrize("first", ["the exchange", "the deletion"])
def test_a_program_that_is_deleted_during_an_exchange_leaves_nothing(session, registered, browser, owner, first):
    client, secret = registered
    code = consented(session, browser).partition("code=")[2].partition("&")[0]
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    answers: list[int] = []

    def exchanged():
        data.update(client_id=client.client_id, client_secret=secret)
        answers.append(Browser().post("/oauth/token", data).status_code)

    def deleted():
        clients.delete(client=client, by=owner)

    held, other = (exchanged, deleted) if first == "the exchange" else (deleted, exchanged)

    while_at(MARK[first], held, other)
    assert answers == [200 if first == "the exchange" else 401]
    assert not any(model.objects.exists() for model in (Client, AccessToken, RefreshToken, AuthorizationCode, IDToken))


#: A statement of each that leaves only the end of its transaction, or little more.
MARK = {"the exchange": 'INSERT INTO "access_refreshtoken"', "the deletion": 'DELETE FROM "access_client"'}


def posted_at_once(registered, **data):
    client, secret = registered
    data |= {"client_id": client.client_id, "client_secret": secret, "code_verifier": VERIFIER}
    answers = []
    at_once(lambda: answers.append(Browser().post("/oauth/token", data).status_code))
    return answers
