"""A service writes back what its label allows and its resident accepted, under its own name, until they stop it."""

import json
import re
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.urls import reverse
from django_scopes import scope

from certification.labels import agreements
from certification.labels.actions import requests
from core import journal
from tests.certification.access.program import ask, connected
from tests.certification.made import PARTS, filled, version_of
from tests.vault.records.test_export import opened
from vault.records.actions import grants
from vault.records.actions.records import withdraw_record
from vault.records.enums import Assurance, Method
from vault.records.grants import lines
from vault.records.models import Grant, GrantWrite, Record

CARD = "loisirs.adhesion"
ADDRESS = "/api/v1/me/values"
VALUE = {"organisme": "Loyer Juste", "saison": "2026-2027"}


@pytest.fixture
def writing(granted_label):
    return granted_label(writes=[CARD])


@pytest.fixture
def programme(writing, program_of):
    return program_of(writing)


@pytest.fixture
def token(programme, browser):
    return connected(programme, browser, writes=[CARD])["access_token"]


def write(token, *values):
    return Browser().post(
        ADDRESS,
        {"values": [{"type": code, "payload": payload} for code, payload in values]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def written(person):
    with scope(resident=person.pk):
        return list(Record.objects.current().filter(type=CARD))


def events(person, name):
    return [one for one in journal.entries(resident_id=person.pk, limit=30) if one.event == name]


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get(stopped_at=None)


def test_what_a_service_writes_bears_its_name_as_declared_by_it(token, tenant):
    answer = write(token, (CARD, VALUE))
    [record] = written(tenant)
    assert answer.json() == {"written": 1, "known": 0}
    assert (record.holder, record.method, record.assurance) == ("Plus Juste", Method.API_PUSH, Assurance.DECLARED)
    [line] = events(tenant, "granted_write")
    assert (line.means, line.details["recipient"], line.details["count"]) == (journal.Means.API, "Plus Juste", "1")
    assert f"{CARD}#/organisme" in line.fields


def test_the_same_value_is_written_once_and_another_takes_the_place_of_the_services_own(token, tenant):
    write(token, (CARD, VALUE))
    assert write(token, (CARD, VALUE)).json() == {"written": 0, "known": 1}
    assert write(token, (CARD, VALUE | {"tarif": "3.00"})).json()["written"] == 1
    assert len(written(tenant)) == 1


def test_it_never_replaces_what_the_resident_said(token, tenant):
    from vault.records import actions

    actions.add_record(
        resident_id=tenant.pk, by=tenant.pk, subject=actions.Subject(type=CARD, person=tenant.pk), payload=VALUE
    )
    write(token, (CARD, VALUE | {"tarif": "99.00"}))
    assert sorted(one.holder for one in written(tenant)) == sorted(["Plus Juste", "résident"])


def test_what_the_resident_withdrew_does_not_come_back(token, tenant):
    write(token, (CARD, VALUE))
    [record] = written(tenant)
    with scope(resident=tenant.pk):
        withdraw_record(record=record, by=tenant.pk)
    assert write(token, (CARD, VALUE)).json() == {"written": 0, "known": 1}
    assert written(tenant) == []


def test_the_page_shows_it_as_a_line_of_its_own_that_is_not_ticked(programme, browser):
    page = ask(programme, browser).content.decode()
    assert re.search(rf'name="writes"\s+value="{CARD}"', page) and "checked" not in page


def test_without_the_tick_nothing_is_written(programme, browser, tenant):
    token = connected(programme, browser, items=[PARTS])["access_token"]
    answer = write(token, (CARD, VALUE))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_covered")
    assert written(tenant) == []
    [line] = events(tenant, "act_refused")
    assert line.details["reason"] == "not_covered"
    write(token, (CARD, VALUE))
    assert len(events(tenant, "act_refused")) == 1


def test_a_stop_refuses_at_once(token, tenant):
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert write(token, (CARD, VALUE)).json()["code"] == "stopped"
    assert written(tenant) == []


def test_the_line_may_be_taken_out_and_its_row_is_not_put_back(token, tenant):
    grant = grant_of(tenant)
    with scope(resident=tenant.pk):
        kept = GrantWrite.objects.get()
        [line] = [one for one in lines.lines_of(grant) if one.writes]
        grants.take_out(grant=grant, by=tenant.pk, line=line.code)
        assert not GrantWrite.objects.exists()
        with pytest.raises(DatabaseError, match="stays so"), transaction.atomic():
            GrantWrite.objects.bulk_create([kept])
    assert write(token, (CARD, VALUE)).json()["code"] == "not_covered"
    assert written(tenant) == []


def test_asking_again_keeps_what_was_agreed(programme, token, browser, tenant):
    connected(programme, browser, items=[PARTS])
    with scope(resident=tenant.pk):
        assert [one.type for one in GrantWrite.objects.filter(grant=grant_of(tenant))] == [CARD]


def test_a_wrong_value_and_a_wrong_body_write_nothing(token, tenant):
    assert write(token, (CARD, VALUE), (CARD, {"organisme": 3})).json()["code"] == "wrong_schema"
    bodies: list[Any] = [{}, {"values": []}, {"values": [{"type": CARD}]}, {"values": "no"}, []]
    bodies += [{"values": [{"type": CARD, "payload": VALUE}], "more": 1}, {"values": [{"type": "", "payload": {}}]}]
    for body in bodies:
        answer = Browser().post(
            ADDRESS, body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.json()["code"] == "malformed", body
    assert write(token, ("no.such", VALUE)).json()["code"] == "not_covered"
    assert write(token, ("no\0such", VALUE)).json()["code"] == "malformed"
    assert written(tenant) == []


def test_the_grant_says_what_may_be_written(token):
    found = Browser().get("/api/v1/me/grant", headers={"Authorization": f"Bearer {token}"}).json()
    assert found["writes"] == [CARD]


def test_a_label_lets_nothing_be_written_of_which_there_is_one_record(owner, one):
    request = filled(owner, one)
    assert "identite.contact" not in agreements.may_be_written()
    with pytest.raises(ValueError, match="writes"):
        requests.write_purpose(request=request, by=owner, purpose=request.purposes.get(), writes=["identite.contact"])


def test_a_grant_gives_no_line_that_its_agreement_does_not_have(label, tenant):
    from dataclasses import replace

    from vault.records.actions.grants import Recipient
    from vault.records.grants import agreements as texts
    from vault.records.grants.terms import Terms

    version = version_of(label)
    agreement = texts.get(version.agreement)
    assert agreement.writes == () and replace(agreement, writes=()).notice_hash("fr") == agreement.notice_hash("fr")
    with scope(resident=tenant.pk), pytest.raises(ValueError, match="not offered"):
        grants.give(
            resident_id=tenant.pk,
            by=tenant.pk,
            agreement=agreement,
            recipient=Recipient("service", version.service_id, "Loyer Juste"),
            terms=Terms((PARTS,), agreement.modes[0], 1, writes=[CARD]),
        )


def test_the_register_says_what_the_service_writes(writing, client):
    page = client.get(reverse("labels:label", args=[writing.number])).content.decode()
    assert "écrit dans le coffre" in page


def test_the_copy_of_the_vault_names_what_a_service_may_write(token, tenant):
    [share] = json.loads(opened(tenant).read("partages.json"))
    assert [one["type"] for one in share["writes"]] == [CARD]
