"""How often programs may call, what each answer says of it, and that calls at once are each counted."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from certification.access import limits
from certification.access.actions import tokens
from certification.access.models import CallCount
from tests.at_once import at_once
from tests.certification.access.program import body, called, connected
from tests.certification.access.test_erasures_api import ERASURES, basic

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS, TOKEN = "/api/v1/me/fields", "/oauth/token"


@pytest.fixture
def at_five(db):
    """Five seconds into a minute."""
    with time_machine.travel((timezone.now() + timedelta(minutes=1)).replace(second=5, microsecond=0), tick=False):
        yield


def test_each_answer_says_how_many_calls_are_left(session, browser, settings, at_five):
    settings.API_CALLS_A_MINUTE = 3
    token = connected(session, browser)["access_token"]
    read = called(token, FIELDS)
    assert read["RateLimit-Policy"] == '"minute";q=3;w=60' and read["RateLimit"] == '"minute";r=2;t=55'
    unchanged = called(token, FIELDS, **{"If-None-Match": read["ETag"]})
    assert unchanged.status_code == 304 and unchanged["RateLimit"] == '"minute";r=1;t=55'
    assert called(token, f"{FIELDS}?fields=rien")["RateLimit"] == '"minute";r=0;t=55'
    over = called(token, FIELDS)
    assert (over.status_code, over["RateLimit"], over["Retry-After"]) == (429, '"minute";r=0;t=55', "55")


def test_without_a_token_nothing_is_counted_for_a_client(db):
    assert "RateLimit" not in Browser().get(FIELDS)


def test_the_addresses_that_check_a_secret_are_limited_by_network(registered, settings, at_five):
    settings.TOKEN_CALLS_A_MINUTE = 2
    answers = [Browser().post(TOKEN, {"grant_type": "authorization_code"}) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[2].json()["error"] == "temporarily_unavailable" and answers[2]["Retry-After"] == "55"
    assert answers[0]["RateLimit"] == '"minute";r=1;t=55'
    assert Browser().post("/oauth/revoke", {"token": "x"}).status_code == 429
    listed = Browser().get(ERASURES, headers=basic(*registered))
    assert (listed.status_code, body(listed)["code"]) == (429, "too_many_requests")
    elsewhere = Browser(REMOTE_ADDR="192.0.2.9").get(ERASURES, headers=basic(*registered))
    assert elsewhere.status_code == 200


def test_calls_at_once_are_each_counted(client_of_service):
    found = []

    def count():
        found.append(limits.of_client(client_of_service).left)
        connection.close()

    at_once(count)
    assert len({*found}) == len(found) > 1


def test_counts_name_no_network_and_are_deleted_each_hour(registered, at_five):
    Browser(REMOTE_ADDR="192.0.2.9").post(TOKEN)
    [row] = CallCount.objects.all()
    assert "192.0.2" not in row.key and len(row.key) == 64
    tokens.clear_expired()
    assert CallCount.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        tokens.clear_expired()
    assert not CallCount.objects.exists()
