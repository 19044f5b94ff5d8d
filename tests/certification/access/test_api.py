"""The API: each answer is a reading by the gate, with its line, and each refusal has a code."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from certification.access.models import RefusedCalls
from certification.access.problems import MEANINGS
from certification.labels.actions import labels
from certification.labels.enums import Change
from core import journal
from tests.accounts.factories import AgentFactory
from tests.certification.access.program import answer, ask, body, called, connected, exchange, way_back
from tests.certification.made import INCOME, PARTS
from tests.vault.made import HOME, NOTICE, add, add_signed_notice
from tests.vault.shown import main
from vault.records.actions import grants
from vault.records.enums import Mode, RefusalCode
from vault.records.grants import receipts
from vault.records.models import Grant, GrantEvent

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS, GRANT, EVENTS = "/api/v1/me/fields", "/api/v1/me/grant", "/api/v1/me/events"
RENT, ADDRESS, YEAR = "logement.domicile#/loyer", "logement.domicile#/adresse", "fiscal.avis_ir#/annee_revenus"


@pytest.fixture
def token(session, browser):
    return connected(session, browser, items=[PARTS])["access_token"]


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get(stopped_at=None)


def lines(person, *events):
    return [line for line in journal.entries(resident_id=person.pk, limit=100) if line.event in events]


def test_each_value_comes_with_its_unit_holder_date_and_assurance(token, tenant):
    found = {one["field"]: one for one in body(called(token, FIELDS))["fields"]}
    [value] = found[INCOME]["values"]
    assert (found[INCOME]["unit"], value["value"], value["holder"]) == ("EUR", 12312, "dgfip")
    assert value["assurance"] == "signature_verified" and value["retrieved_at"]
    [line] = lines(tenant, "granted_read")
    assert (line.means, sorted(line.fields)) == (journal.Means.API, sorted([INCOME, PARTS]))


def test_five_fields_asked_and_two_agreed_are_the_same_two_everywhere(granted_label, program_of, browser, tenant):
    add(tenant, "logement.domicile", HOME)
    session = program_of(granted_label(RENT, ADDRESS, YEAR))
    page = ask(session, browser)
    assert page.content.decode().count('type="checkbox"') == 4
    back = way_back(answer(browser, page, items=[RENT]))
    token = exchange(session, back)
    two = sorted([INCOME, RENT])
    assert token["authorization_details"][0]["fields"] == two
    read = body(called(token["access_token"], FIELDS))["fields"]
    assert sorted(one["field"] for one in read) == two and all(one["values"] for one in read)
    grant = grant_of(tenant)
    with scope(resident=tenant.pk):
        receipt = receipts.verify(GrantEvent.objects.get(grant=grant).receipt)
    assert sorted(one["pii_type"] for one in receipt["processing"]["pii_information"]) == two
    assert [sorted(line.fields) for line in lines(tenant, "granted_read")] == [two]
    assert sorted(lines(tenant, "grant_given")[0].fields) == two
    assert sorted(one["field"] for one in body(called(token["access_token"], GRANT))["fields"]) == two
    received = main(browser.get(reverse("sharing:share_received", args=[grant.pk])))
    assert "12 312" in received and "612" in received and "14 rue des Tanneries" not in received


def test_unchanged_values_are_a_reading_that_opens_none(token, tenant, monkeypatch):
    first = called(token, FIELDS)
    assert len(lines(tenant, "granted_read")) == 1
    with monkeypatch.context() as patch:
        patch.setattr("vault.records.gate.decrypting.decrypted", lambda *_: pytest.fail("a value was opened"))
        again = called(token, FIELDS, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert len(lines(tenant, "granted_read")) == 2
    add_signed_notice(tenant, annee_revenus=2026, revenu_fiscal_reference=99)
    changed = called(token, FIELDS, **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200 and changed["ETag"] != first["ETag"]
    found = {one["field"]: one["values"] for one in body(changed)["fields"]}
    assert [one["value"] for one in found[INCOME]] == [99, 12312]


def test_only_what_was_granted_is_read(token, tenant):
    assert body(called(token, f"{FIELDS}?fields={INCOME.replace('#', '%23')}"))["fields"][0]["field"] == INCOME
    refused = called(token, f"{FIELDS}?fields={RENT.replace('#', '%23')}")
    assert (refused.status_code, body(refused)["code"]) == (403, "not_covered")
    assert body(called(token, f"{FIELDS}?fields=rien"))["code"] == "unknown_field"
    assert len(lines(tenant, "read_refused")) == 1


def test_values_about_others_do_not_leave(token, tenant, stranger):
    add(
        tenant,
        "fiscal.avis_ir",
        {**NOTICE, "annee_revenus": 2024, "revenu_fiscal_reference": 7_770_777},
        person=stranger.pk,
        role="spouse",
    )
    assert "7770777" not in called(token, FIELDS).content.decode()


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v2/me/values", "/api/v1/rien"])
def test_an_unknown_address_of_the_api_is_a_problem_too(path):
    answer = Browser().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert body(answer)["code"] == "not_found"


def test_errors_are_problems_with_codes(token):
    unknown = called("nothing", FIELDS)
    assert unknown.status_code == 401 and unknown["WWW-Authenticate"].startswith("Bearer")
    assert unknown["Content-Type"] == "application/problem+json"
    assert body(unknown).keys() == {"type", "title", "status", "detail", "code"}
    assert Browser().get(FIELDS).status_code == 401
    assert Browser().get(f"{FIELDS}?access_token={token}").status_code == 401
    assert Browser().get(FIELDS, headers={"Authorization": "Basic eDp5"}).status_code == 401
    for verb in ("post", "head", "put", "options", "delete"):
        wrong = getattr(Browser(), verb)(FIELDS)
        assert (wrong.status_code, wrong["Allow"], wrong["Content-Type"]) == (405, "GET", "application/problem+json")
    assert called(token, FIELDS, Accept="text/csv").status_code == 406
    nowhere = Browser().get("/api/v1/me/nothing")
    assert (nowhere.status_code, body(nowhere)["code"]) == (404, "not_found")
    assert {code.value for code in RefusalCode} <= {*MEANINGS}


def test_a_session_of_the_portal_is_no_token(token, browser):
    assert browser.get(FIELDS).status_code == 401


def test_too_soon_says_when(granted_label, program_of, browser, tenant):
    label = granted_label(mode=Mode.LOOK, at_most_every=timedelta(days=1))
    token = connected(program_of(label), browser)["access_token"]
    assert called(token, FIELDS).status_code == 200
    soon = called(token, FIELDS)
    assert (soon.status_code, body(soon)["code"]) == (429, "too_soon")
    assert 86_000 < int(soon["Retry-After"]) <= 86_400


def test_without_a_proof_of_the_journal_nothing_is_read(token, monkeypatch):
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: False)
    answer = called(token, FIELDS)
    assert (answer.status_code, body(answer)["code"]) == (503, "not_anchored")


def test_after_a_stop_the_first_call_is_a_line_and_the_others_are_counted(token, tenant):
    assert called(token, FIELDS).status_code == 200
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    for _time in range(4):
        assert body(called(token, FIELDS))["code"] == "stopped"
    assert len(lines(tenant, "read_refused")) == 1
    with scope(resident=tenant.pk):
        assert RefusedCalls.objects.get().count == 3


def test_a_second_suspension_has_a_line_of_its_own(token, tenant, label):
    first, second = AgentFactory(), AgentFactory()
    for times in (1, 2):
        labels.suspend(label=label, by=first, reasons="Une faille.")
        for _time in range(3):
            assert body(called(token, FIELDS))["code"] == "label"
        assert len(lines(tenant, "read_refused")) == times
        change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Réparée.")
        labels.decide_change(change=change, by=second, agree=True)
        assert called(token, FIELDS).status_code == 200


def test_another_reason_is_another_line(token, tenant):
    called(token, FIELDS)
    grant = grant_of(tenant)
    grants.pause(grant=grant, by=tenant.pk)
    called(token, FIELDS)
    called(token, FIELDS)
    grants.stop(grant=grant, by=tenant.pk)
    called(token, FIELDS)
    assert len(lines(tenant, "read_refused")) == 2


def test_a_client_that_loops_over_two_reasons_has_one_line(granted_label, program_of, browser, tenant):
    label = granted_label(mode=Mode.LOOK, at_most_every=timedelta(days=1))
    token = connected(program_of(label), browser)["access_token"]
    assert called(token, FIELDS).status_code == 200
    for _time in range(3):
        for field in (YEAR, INCOME):
            assert body(called(token, f"{FIELDS}?fields={field.replace('#', '%23')}"))["code"] == "too_soon"
    assert len(lines(tenant, "read_refused")) == 1


def test_a_client_of_a_suspended_service_that_loops_over_two_reasons_has_one_line(token, tenant, label):
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    for _time in range(3):
        for field in (RENT, INCOME):
            assert called(token, f"{FIELDS}?fields={field.replace('#', '%23')}").status_code == 403
    assert len(lines(tenant, "read_refused")) == 1


def test_a_client_that_loops_over_a_paper_that_it_has_not_has_one_line(token, tenant):
    for _time in range(4):
        assert body(called(token, f"/api/v1/me/documents/{tenant.pk}"))["code"] == "not_covered"
    assert len(lines(tenant, "read_refused")) == 1


def test_a_client_that_loops_while_the_journal_has_no_proof_has_one_line(token, tenant, monkeypatch):
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: False)
    for _time in range(4):
        assert body(called(token, FIELDS))["code"] == "not_anchored"
    assert len(lines(tenant, "read_refused")) == 1


def test_the_grant_and_its_events_say_no_value(token, tenant):
    found = body(called(token, GRANT))
    assert (found["state"], found["mode"], found["environment"]) == ("active", "look", "live")
    assert "12312" not in str(found)
    [given] = body(called(token, EVENTS))["events"]
    assert given["type"] == "consent.given"
    grants.pause(grant=grant_of(tenant), by=tenant.pk)
    after = body(called(token, f"{EVENTS}?after={given['id']}"))["events"]
    assert [one["type"] for one in after] == ["consent.paused"]
    assert body(called(token, f"{EVENTS}?after=1"))["code"] == "malformed"
    unknown = called(token, f"{EVENTS}?after={tenant.pk}")
    assert (unknown.status_code, body(unknown)["code"]) == (404, "unknown_event")
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert called(token, GRANT).status_code == called(token, EVENTS).status_code == 401


def test_each_program_has_so_many_calls_a_minute(token, settings, tenant):
    settings.API_CALLS_A_MINUTE = 2
    with time_machine.travel((timezone.now() + timedelta(minutes=1)).replace(second=5), tick=False):
        assert [called(token, FIELDS).status_code for _time in range(3)] == [200, 200, 429]
        over = called(token, FIELDS)
    assert body(over)["code"] == "too_many_requests" and 0 < int(over["Retry-After"]) <= 60
    assert len(lines(tenant, "granted_read", "read_refused")) == 2


def test_a_call_costs_few_queries_beside_the_gates(token, tenant):
    called(token, FIELDS)
    with CaptureQueriesContext(connection) as captured:
        called(token, FIELDS)
    assert len(captured) <= 17


def test_the_document_of_the_api_is_openapi_3_1():
    found = body(Browser().get("/api/v1/openapi.json"))
    assert found["openapi"].startswith("3.1")
    assert {*found["paths"]} == {
        FIELDS,
        "/api/v1/me/documents/{document_id}",
        GRANT,
        EVENTS,
        "/api/v1/me/values",
        "/api/v1/holders/connections",
        "/api/v1/holders/lots",
        "/api/v1/holders/lots/{lot_id}",
        "/api/v1/erasures",
        "/api/v1/erasures/{erasure_id}",
        "/api/v1/events",
    }
    assert {*found["paths"][GRANT]} == {"get", "delete"}
    flow = found["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == "http://localhost:8000/oauth/token" and "vault" in flow["scopes"]
    read = found["paths"][FIELDS]["get"]
    assert {"200", "304", "401", "403", "429", "503"} <= {*read["responses"]} and read["security"]
