"""What a resident takes away of services, what is left after they close their vault, and what no outage takes."""

import io
import json
import zipfile

import pytest
from django.db import OperationalError
from django.test import Client as Browser
from django_scopes import scope, scopes_disabled

from accounts.actions import closing
from certification.access.models import AccessToken, AuthorizationCode, IDToken, Pseudonym, RefreshToken, RefusedCalls
from certification.labels import recipient
from core import journal
from core.files.storage import sealed_storage
from tests.certification.access.program import body, called, connected
from tests.certification.access.test_erasures_api import basic, listed
from tests.certification.made import INCOME, PARTS
from tests.vault.lived import exported
from vault.records.actions import grants
from vault.records.grants import receipts
from vault.records.models import Grant
from vault.sharing.actions import erasures
from vault.sharing.models import ErasureRequest

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = "/api/v1/me/fields"


@pytest.fixture
def token(session, browser):
    return connected(session, browser, items=[PARTS])["access_token"]


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get()


# T17


def test_the_copy_has_the_consent_its_receipts_its_readings_and_requests_to_erase(token, tenant, registered):
    called(token, FIELDS)
    grants.take_out(grant=grant_of(tenant), by=tenant.pk, line=PARTS)
    [asked] = listed(registered)
    Browser().post(
        f"/api/v1/erasures/{asked['id']}",
        {"answer": "refused", "reason": "Une loi nous oblige."},
        content_type="application/json",
        headers=basic(*registered),
    )
    export = exported(tenant)
    with sealed_storage.open(export.stored_name, resident_id=tenant.pk, kind=export.FILE) as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    [share] = json.loads(archive.read("partages.json"))
    assert (share["recipient_kind"], share["taken_away"]) == ("service", [PARTS])
    # As on the share's page: what was asked to be erased is in its history, and has no receipt.
    assert [(one["happened"], bool(one["receipt"])) for one in share["events"]] == [
        ("given", True),
        ("narrowed", True),
        ("erasing", False),
    ]
    signed = [one["receipt"] for one in share["events"] if one["receipt"]]
    assert all(receipts.verify(receipt)["record_id"] == share["id"] for receipt in signed)
    assert sorted(share["readings"][0]["fields"]) == sorted([INCOME, PARTS])
    [request] = share["erasures"]
    assert (request["answer"], request["content"]) == ("refused", {"words": "Une loi nous oblige."})
    assert any("granted_read" in archive.read(name).decode(errors="replace") for name in archive.namelist())


def test_after_a_closing_only_the_proof_of_the_journal_is_left(token, tenant, registered):
    called(token, FIELDS)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    called(token, FIELDS)
    closing.close(user=tenant, by=tenant.pk)
    with scopes_disabled():
        for model in (Grant, ErasureRequest, RefusedCalls):
            assert not model.objects.exists(), model
    for row in (AccessToken, AuthorizationCode, IDToken, Pseudonym, RefreshToken):
        assert not row.objects.exists(), row
    assert body(called(token, FIELDS))["code"] == "invalid_token" and listed(registered) == []


# T16


def test_a_register_that_is_empty_for_a_moment_withdraws_nothing(token, tenant, registered, monkeypatch):
    called(token, FIELDS)
    with monkeypatch.context() as empty:
        empty.setattr(recipient, "label_for", lambda *_: None)
        assert body(called(token, FIELDS))["code"] == "label"
    assert grant_of(tenant).stands and listed(registered) == []
    assert "grant_stopped" not in [one.event for one in journal.entries(resident_id=tenant.pk, limit=20)]
    assert called(token, FIELDS).status_code == 200


def test_an_outage_withdraws_nothing_and_says_when_to_come_back(token, tenant, registered, monkeypatch):
    called(token, FIELDS)

    def down(*_):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(recipient, "label_for", down)
        answer = called(token, FIELDS)
    assert (answer.status_code, body(answer)["code"], answer["Retry-After"]) == (503, "down", "30")
    assert grant_of(tenant).stands and listed(registered) == []
    assert called(token, FIELDS).status_code == 200


def test_a_refused_withdrawal_asks_for_no_erasure(token, tenant, registered, monkeypatch):
    """The request is written in the transaction of the stop: both, or neither."""
    called(token, FIELDS)

    def full(*_args, **_options):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(erasures, "_ask", full)
        with pytest.raises(OperationalError):
            grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert grant_of(tenant).stands and listed(registered) == []
