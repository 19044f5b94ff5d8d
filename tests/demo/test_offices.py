"""The demonstration's office: one request in each state, with dossiers that were really built; once."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from demo.people.accounts import find
from demo.seeding import city, offices, residents
from services.requests.enums import State
from services.requests.models import SentRequest
from tests.accounts.factories import signed_in
from vault.records.content import paper_kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
#: Each costs a dossier: the other two are made by the same lines.
WHO = {"karim": State.CORRECTION, "leo": State.REFUSED}


def account(slug):
    person = find(slug)
    assert person is not None
    return person.account()


def state(slug):
    with scope(resident=account(slug).pk):
        return [row.state for row in SentRequest.objects.all()]


def test_a_request_in_each_state_is_sent_once_and_an_agent_finds_those_that_wait(monkeypatch):
    city.fill_city()
    paper_kinds.load()
    for slug in WHO:
        residents.fill_vault(account(slug), slug, timezone.localdate())
    monkeypatch.setattr(offices, "SENT", [one for one in offices.SENT if one.who in WHO])
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: True)
    said: list[str] = []
    for _twice in range(2):
        offices.receive(said.append)
    assert said == [f"requests: 2 sent to {offices.NAME}", f"requests: 0 sent to {offices.NAME}"]
    assert {slug: state(slug) for slug in WHO} == {slug: [found] for slug, found in WHO.items()}
    listed = signed_in(account("agathe")).get(reverse("requests:inbox")).content.decode()
    assert "Carte de transport solidaire" in listed and "Ouali" not in listed
    place = places.of_office(account("hugo"))
    assert place is not None and place.may_decide and not place.instructs


def test_each_state_of_a_request_is_in_the_demonstration():
    found = {
        "correction" if one.correction else "granted" if one.given else "refused" if one.reason else "received"
        for one in offices.SENT
    }
    assert found == {"correction", "granted", "refused", "received"}
