"""Pushed authorization requests (RFC 9126): a handle is used once, in time, by its program, in one browser."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from certification.access.actions import tokens
from certification.access.fapi import par
from certification.access.models import Client, PushedRequest
from tests.accounts.factories import signed_in
from tests.certification.access.program import answer, asking, exchange, hidden, told, way_back
from tests.certification.access.proofs import PAR, error, post, wanted
from tests.certification.made import PARTS
from tests.vault.made import HOME, add
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)
OVER = "Ce lien ne peut plus servir"
ASKS = "demande à voir des données"


@pytest.fixture
def by_secret(registered):
    client, secret = registered
    return {"client_id": client.client_id, "client_secret": secret}


@pytest.fixture
def handle(client_of_service, by_secret):
    return post(PAR, wanted(client_of_service) | by_secret).json()["request_uri"]


def opened(browser, client, handle, **more):
    query = {"client_id": client.client_id, "request_uri": handle} | more
    return browser.get(f"/oauth/authorize?{urlencode(query)}")


# The push


def test_a_push_answers_with_a_handle_that_lasts_a_minute(client_of_service, by_secret):
    found = post(PAR, wanted(client_of_service) | by_secret)
    assert (found.status_code, found.json()["expires_in"]) == (201, 60)
    assert found.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert found["Cache-Control"] == "no-store"
    row = PushedRequest.objects.get()
    assert by_secret["client_secret"] not in row.parameters and row.handle not in found.json()["request_uri"]


def test_a_push_needs_its_client_and_one_proof_of_it(client_of_service, by_secret):
    asked = wanted(client_of_service)
    assert error(post(PAR, asked)) == (401, "invalid_client")
    assert error(post(PAR, asked | by_secret | {"client_secret": "gar_live_wrong"})) == (401, "invalid_client")
    assert error(post(PAR, asked | by_secret, Authorization="Basic eDp5")) == (400, "invalid_request")
    twice = post(PAR, asked | by_secret | {"client_secret": [by_secret["client_secret"], "x"]})
    assert error(twice) == (400, "invalid_request")
    assert not PushedRequest.objects.exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"redirect_uri": ""}, "invalid_request"),
        ({"redirect_uri": "https://ailleurs.example/"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid vault lots"}, "invalid_scope"),
        ({"prompt": "none"}, "consent_required"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": "x" * 30_000}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request_uri_not_supported"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
    ],
)
def test_a_request_that_would_be_refused_is_refused_at_its_push(client_of_service, by_secret, changed, code):
    assert error(post(PAR, wanted(client_of_service) | by_secret | changed)) == (400, code)


# The handle


def test_the_person_agrees_to_what_was_pushed(client_of_service, session, browser, handle):
    page = opened(browser, client_of_service, handle)
    assert ASKS in main(page)
    back = way_back(answer(browser, page, items=[PARTS]))
    assert exchange(session, back)["access_token"]


def test_what_the_address_adds_to_a_handle_means_nothing(client_of_service, browser, handle):
    more = {"redirect_uri": "https://ailleurs.example/", "scope": "x", "state": "mine", "purpose": "x"}
    page = opened(browser, client_of_service, handle, **more)
    found = told(answer(browser, page, answer="refuse"))
    assert (found["state"], found["error"]) == ("s" * 16, "access_denied")


def test_a_handle_is_used_by_one_browser(client_of_service, browser, handle, tenant):
    assert ASKS in main(opened(browser, client_of_service, handle))
    assert OVER in main(opened(signed_in(tenant), client_of_service, handle))
    assert OVER in main(opened(Browser(), client_of_service, handle))
    assert ASKS in main(opened(browser, client_of_service, handle)), "the same page, loaded again"


@pytest.mark.parametrize("said", ["accept", "refuse"])
def test_an_answered_handle_opens_nothing(client_of_service, browser, handle, said):
    page = opened(browser, client_of_service, handle)
    assert told(answer(browser, page, answer=said))["state"]
    page = opened(browser, client_of_service, handle)
    assert page.status_code == 400 and OVER in main(page)


def test_a_handle_is_over_after_a_minute(client_of_service, browser, handle):
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert OVER in main(opened(browser, client_of_service, handle))


def test_a_browser_keeps_a_request_for_a_quarter_of_an_hour(client_of_service, browser, handle, tenant):
    opened(browser, client_of_service, handle)
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert ASKS in main(opened(browser, client_of_service, handle))
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert OVER in main(opened(browser, client_of_service, handle))


def test_another_program_s_handle_is_refused(client_of_service, session, browser, granted_label, program_of, handle):
    other = Client.objects.get(client_id=program_of(granted_label()).client_id)
    assert OVER in main(opened(browser, other, handle))
    opened(browser, client_of_service, handle)
    assert OVER in main(opened(browser, other, handle))


def test_an_unknown_handle_is_refused(client_of_service, browser):
    for handle in (f"{par.PREFIX}{'x' * 43}", f"{par.PREFIX}\0"):
        page = opened(browser, client_of_service, handle)
        assert page.status_code in {400, 404}


def test_who_signs_in_comes_back_to_what_was_asked(client_of_service, tenant, handle):
    visitor = Browser()
    page = opened(visitor, client_of_service, handle)
    assert page.status_code == 302 and page["Location"].startswith("/connexion/?next=/oauth/authorize")
    visitor.force_login(tenant, backend="django.contrib.auth.backends.ModelBackend")
    kept = visitor.session[par.KEY]
    assert [*kept] == [handle]


def test_a_browser_keeps_three_requests(client_of_service, by_secret, browser):
    for _time in range(5):
        handle = post(PAR, wanted(client_of_service) | by_secret).json()["request_uri"]
        assert ASKS in main(opened(browser, client_of_service, handle))
    assert len(browser.session[par.KEY]) == 3


def test_a_row_that_somebody_else_wrote_is_refused(client_of_service, browser, handle):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_pushedrequest SET parameters = replace(parameters, 'openid', 'lots')")
    assert opened(browser, client_of_service, handle).status_code == 503


def test_the_hourly_task_deletes_what_is_over(handle):
    tokens.clear_expired()
    assert PushedRequest.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        tokens.clear_expired()
    assert not PushedRequest.objects.exists()


# When it is required


def test_delicate_fields_are_asked_for_by_a_push_alone(session, browser):
    found = told(browser.get(asking(session)))
    assert found["error"] == "invalid_request" and "RFC 9126" in found["error_description"] and found["iss"]


def test_ordinary_fields_may_be_asked_for_without_a_push(granted_ordinary, program_of, browser, tenant):
    add(tenant, "logement.domicile", HOME)
    page = browser.get(asking(program_of(granted_ordinary)))
    assert ASKS in main(page) and hidden(page)


def test_a_program_may_require_it_for_all(granted_ordinary, program_of, browser, tenant):
    session = program_of(granted_ordinary)
    row = Client.objects.get(client_id=session.client_id)
    row.require_pushed_authorization_requests = True
    row.save(update_fields=["require_pushed_authorization_requests"])
    found = told(browser.get(asking(session)))
    assert found["error"] == "invalid_request" and "RFC 9126" in found["error_description"]
