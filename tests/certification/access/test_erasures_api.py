"""What a service sees after a withdrawal, by its secret; and how it gives a grant back."""

import base64
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django_scopes import scope

from accounts.models import Publisher
from certification.access.actions import clients, pseudonyms
from certification.access.enums import Environment
from core import journal
from tests.accounts.factories import ResidentFactory, signed_in
from tests.certification.access.program import BACK, body, called, connected
from tests.certification.made import INCOME, PARTS, SIRETS, given, labelled, member, service, version_of
from tests.vault.made import add_signed_notice
from tests.vault.shown import main
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Grant
from vault.sharing.enums import ErasureCause, ErasureState
from vault.sharing.models import ErasureRequest

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS, GRANT, EVENTS, ERASURES = "/api/v1/me/fields", "/api/v1/me/grant", "/api/v1/me/events", "/api/v1/erasures"


@pytest.fixture
def token(session, browser):
    return connected(session, browser, items=[PARTS])["access_token"]


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get()


def of(person):
    with scope(resident=person.pk):
        return list(ErasureRequest.objects.select_related("grant"))


def events(person):
    return [one.event for one in journal.entries(resident_id=person.pk, limit=30)]


def basic(client, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client.client_id}:{secret}".encode()).decode()}


def listed(registered, query=""):
    return body(Browser().get(f"{ERASURES}{query}", headers=basic(*registered)))["erasures"]


def answered(registered, id, **sent):
    return Browser().post(f"{ERASURES}/{id}", sent, content_type="application/json", headers=basic(*registered))


# One line taken out


def test_a_line_taken_out_is_refused_at_the_next_call_and_the_service_sees_it(token, tenant):
    assert called(token, FIELDS).status_code == 200
    grants.take_out(grant=grant_of(tenant), by=tenant.pk, line=PARTS)
    refused = called(token, f"{FIELDS}?fields={PARTS.replace('#', '%23')}")
    assert (refused.status_code, body(refused)["code"]) == (403, "not_covered")
    assert [one["field"] for one in body(called(token, FIELDS))["fields"]] == [INCOME]
    assert [one["field"] for one in body(called(token, GRANT))["fields"]] == [INCOME]
    last = body(called(token, EVENTS))["events"][-1]
    assert (last["type"], last["removed"]) == ("consent.changed", [PARTS])


def test_a_line_taken_out_asks_the_service_to_erase_that_line_alone(token, tenant, registered):
    called(token, FIELDS)
    grants.take_out(grant=grant_of(tenant), by=tenant.pk, line=PARTS)
    [one] = listed(registered)
    assert (one["cause"], one["fields"]) == (ErasureCause.NARROWED, [PARTS])
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert [one["fields"] for one in listed(registered)] == [[PARTS], [INCOME]]


def test_a_line_without_which_the_service_does_nothing_stops_the_whole(token, tenant):
    page = signed_in(tenant).get(reverse("sharing:take_out", args=[grant_of(tenant).pk]), {"ligne": INCOME})
    assert "Arrêter tout le partage" in main(page) and "Pour comparer" in main(page)


# Requests to erase


def test_a_withdrawal_asks_for_erasure_by_itself_and_the_resident_sees_when_it_is_due(token, tenant, registered):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    [one], [row] = listed(registered), of(tenant)
    assert one["type"] == "erasure.requested" and one["cause"] == ErasureCause.WITHDRAWN
    assert one["sub"] == pseudonyms.sub_of(row.grant.recipient_id, tenant.pk) and str(tenant.pk) not in str(one)
    assert one["fields"] == sorted([INCOME, PARTS]) and "12312" not in str(one)
    assert (row.due_at - row.created_at).days in {29, 30}
    shown = main(signed_in(tenant).get(reverse("sharing:share", args=[row.grant_id])))
    assert "Ce qui doit être effacé" in shown and "Réponse due le" in shown


def test_nothing_is_asked_of_a_service_that_read_nothing(token, tenant, registered):
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert listed(registered) == []


def test_the_service_confirms_once_and_the_resident_reads_it(token, tenant, registered):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    [one] = listed(registered)
    for _time in range(2):
        answer = answered(registered, one["id"], answer="confirmed")
        assert answer.status_code == 200 and body(answer)["answer"] == "confirmed"
    assert body(answered(registered, one["id"], answer="refused", reason="Non."))["code"] == "already_answered"
    assert listed(registered) == [] and of(tenant)[0].state == ErasureState.CONFIRMED
    assert body(Browser().get(f"{ERASURES}/{one['id']}", headers=basic(*registered)))["answered_at"]
    [line] = [one for one in journal.entries(resident_id=tenant.pk, limit=9) if one.event == "erasure_confirmed"]
    assert line.means == journal.Means.API


def test_a_refusal_needs_a_reason_which_the_resident_reads(token, tenant, registered):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    [one] = listed(registered)
    assert body(answered(registered, one["id"], answer="refused"))["code"] == "malformed"
    assert answered(registered, one["id"], answer="refused", reason="Une loi nous oblige.").status_code == 200
    page = signed_in(tenant).get(reverse("sharing:erasure", args=[grant_of(tenant).pk]))
    assert "Une loi nous oblige." in main(page)


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[]", b"null", b'{"answer": "maybe"}', b'{"answer": "confirmed", "more": 1}', b"\xff"]
)
def test_a_body_that_is_not_the_answer_is_malformed(token, tenant, registered, sent):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    [one] = listed(registered)
    answer = Browser().post(
        f"{ERASURES}/{one['id']}", sent, content_type="application/json", headers=basic(*registered)
    )
    assert (answer.status_code, body(answer)["code"]) == (400, "malformed")
    assert of(tenant)[0].state == ErasureState.ASKED


def test_the_list_goes_on_after_the_last_one_that_the_service_has(label, tenant, registered):
    for person in (tenant, ResidentFactory()):
        if person != tenant:
            add_signed_notice(person)
        grant = given(person, version_of(label))
        gate.read(grant=grant, fields=[INCOME])
        grants.stop(grant=grant, by=person.pk)
    first, second = listed(registered)
    assert listed(registered, f"?after={first['id']}") == [second]
    assert listed(registered, f"?after={uuid4()}") == []
    wrong = Browser().get(f"{ERASURES}?after=1", headers=basic(*registered))
    assert (wrong.status_code, body(wrong)["code"]) == (400, "malformed")


def test_another_service_a_tried_program_and_nobody_see_nothing(token, tenant, label, developer):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    id = of(tenant)[0].pk
    house = Publisher.objects.create(name="Autre Toit", siret=SIRETS[1])
    owner = member(house)
    other = labelled(owner, service(owner, house, "Autre Service")).service
    stranger = clients.register(service=other, by=owner, environment=Environment.LIVE, redirect_uris=[BACK])
    assert listed(stranger) == []
    assert Browser().get(f"{ERASURES}/{id}", headers=basic(*stranger)).status_code == 404
    assert answered(stranger, id, answer="confirmed").status_code == 404
    tried = clients.register(service=label.service, by=developer, environment=Environment.TEST, redirect_uris=[BACK])
    sandbox = f"/bac-a-sable{ERASURES}"
    assert body(Browser().get(sandbox, headers=basic(*tried))) == {"erasures": []}
    assert Browser().get(f"{sandbox}/{id}", headers=basic(*tried)).status_code == 404
    client, _secret = stranger
    for headers in (
        {},
        basic(client, "wrong"),
        basic(*tried),
        {"Authorization": f"Bearer {token}"},
        {"Authorization": "Basic !"},
    ):
        refused = Browser().get(ERASURES, headers=headers)
        assert (refused.status_code, body(refused)["code"]) == (401, "invalid_client")
        assert refused["WWW-Authenticate"].startswith("Basic ")
    assert signed_in(tenant).get(ERASURES).status_code == 401
    assert of(tenant)[0].state == ErasureState.ASKED


def test_a_request_that_nobody_of_us_wrote_is_left_out(token, tenant, registered):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sharing_erasurerequest SET fields = '[\"autre#/champ\"]'")
    assert listed(registered) == [] and "row_refused" in events(tenant)


# Giving back


def test_a_service_gives_a_grant_back_and_the_resident_is_told(token, tenant, registered):
    called(token, FIELDS)
    answer = Browser().delete(GRANT, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert body(called(token, FIELDS))["code"] == "stopped"
    assert "gave it back" in body(called(token, FIELDS))["detail"]
    [line] = [one for one in journal.entries(resident_id=tenant.pk, limit=9) if one.event == "grant_given_back"]
    grant = grant_of(tenant)
    assert (line.means, line.actor_id) == (journal.Means.API, grant.recipient_id)
    browser = signed_in(tenant)
    assert "Rendu par qui le recevait" in main(browser.get(reverse("sharing:share", args=[grant.pk])))
    assert "vous rend votre accord" in browser.get(reverse("home")).content.decode()
    assert [one["cause"] for one in listed(registered)] == [ErasureCause.WITHDRAWN]


def test_a_grant_that_ended_is_not_given_back_again(token, tenant):
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    again = Browser().delete(GRANT, headers={"Authorization": f"Bearer {token}"})
    assert (again.status_code, body(again)["code"]) == (401, "stopped")
    assert "grant_given_back" not in events(tenant)
