"""The log of a program's calls: when, what, with which answer. No value, no token, no person; for thirty days."""

from datetime import timedelta

import pytest
import time_machine
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.db import DatabaseError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import PublisherRole
from certification.developers.actions import calls
from certification.developers.models import Call
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.access.program import called, program
from tests.certification.developers.played import FIELDS, basic, connected
from tests.certification.made import INCOME, SIRETS, member, publisher
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token(session, theirs, played):
    return connected(session, theirs)["access_token"]


def page(browser, client, **filters):
    return browser.get(reverse("developers:calls", args=[client.client_id]), filters)


def test_each_call_has_a_line_without_value_token_or_person(token, tried):
    Call.objects.all().delete()
    answer = called(token, f"{FIELDS}?fields={INCOME.replace('#', '%23')}")
    called(token, "/bac-a-sable/api/v1/me/documents/5fe1bdb1-7b9a-4cf1-8d3e-5f1c3c7b0a11")
    first, second = Call.objects.order_by("pk")
    assert (first.client, first.method, first.status, first.code) == (tried[0], "GET", 200, "")
    assert first.route == FIELDS and first.request_id == answer["X-Request-ID"]
    assert (second.status, second.code) == (403, "not_covered")
    assert second.route == "/bac-a-sable/api/v1/me/documents/<uuid:document_id>"
    fields = {field.name for field in Call._meta.get_fields()}
    assert fields == {"id", "client", "at", "method", "route", "status", "code", "milliseconds", "request_id"}


def test_a_call_by_the_program_s_secret_has_a_line(tried):
    for address in ("/bac-a-sable/api/v1/events", "/bac-a-sable/api/v1/erasures"):
        Browser().get(address, headers=basic(tried[0].client_id, tried[1]))
    assert [one.route for one in Call.objects.order_by("pk")] == [
        "/bac-a-sable/api/v1/events",
        "/bac-a-sable/api/v1/erasures",
    ]


def test_calls_for_a_token_have_lines_with_their_refusal(token, session, tried):
    [made] = Call.objects.filter(route="/bac-a-sable/oauth/token")
    assert made.status == 200
    address = f"{settings.SITE_URL}/bac-a-sable/oauth/token"
    with pytest.raises(OAuthError):
        program(*tried).fetch_token(address, grant_type="authorization_code", code="x", code_verifier="y" * 43)
    last = Call.objects.latest("pk")
    assert (last.status, last.code) == (400, "invalid_grant")


def test_wrong_secrets_fill_nobodys_log(tried):
    # A minute may turn over meanwhile: then two minutes' lines are there.
    for _time in range(2 * calls.UNPROVED_A_MINUTE + 5):
        named = {"client_id": tried[0].client_id, "client_secret": "wrong"}
        given = {"grant_type": "refresh_token", "refresh_token": "x", **named}
        assert Browser().post("/bac-a-sable/oauth/token", given).status_code == 401
    assert 0 < Call.objects.count() <= 2 * calls.UNPROVED_A_MINUTE
    assert {one.code for one in Call.objects.all()} == {"invalid_client"}


def test_what_names_no_program_has_no_line(client, theirs):
    called("unknown", FIELDS)
    Browser().post("/oauth/token", {"client_id": "unknown", "client_secret": "x"})
    Browser().post("/oauth/token", {"client_id": "a\0b"})
    theirs.get(reverse("developers:home"))
    assert not Call.objects.exists()


def test_a_line_that_cannot_be_written_changes_no_answer(token, monkeypatch):
    def broken(*_, **__):
        raise DatabaseError

    monkeypatch.setattr(Call.objects, "create", broken)
    assert called(token, FIELDS).status_code == 200


def test_lines_are_kept_for_thirty_days(token):
    assert Call.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert calls.purge() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert calls.purge() and not Call.objects.exists()


def test_the_page_lists_filters_and_searches(token, theirs, tried):
    called(token, FIELDS)
    called(token, "/bac-a-sable/api/v1/me/documents/5fe1bdb1-7b9a-4cf1-8d3e-5f1c3c7b0a11")
    client = tried[0]
    assert "GET /bac-a-sable/api/v1/me/fields" in main(page(theirs, client))
    refused = main(page(theirs, client, reponse="refused"))
    assert "403 not_covered" in refused and "/me/fields" not in refused
    number = Call.objects.filter(status=403).get().request_id
    assert "403 not_covered" in main(page(theirs, client, q=number))
    assert "POST" not in main(page(theirs, client, q="not_covered"))
    assert "Aucune requête ne correspond" in main(page(theirs, client, q="introuvable"))
    for odd in ({"reponse": "x"}, {"page": "x"}, {"q": "é" * 300}):
        assert page(theirs, client, **odd).status_code == 200
    assert page(theirs, client, q="\0").status_code == 400


def test_another_publishers_log_does_not_exist(tried, resident, client):
    other = signed_in(member(publisher("Autre", SIRETS[1]), PublisherRole.OWNER))
    assert page(other, tried[0]).status_code == 404
    for who in (resident, AgentFactory()):
        assert page(signed_in(who), tried[0]).status_code == 403
    assert page(client, tried[0]).status_code == 302


def test_the_page_has_a_bounded_number_of_queries(token, theirs, tried, django_assert_max_num_queries):
    for _time in range(5):
        called(token, FIELDS)
    with django_assert_max_num_queries(12):
        page(theirs, tried[0])
