"""Access requests: accepted in whole or in part, refused or expired; nothing reveals who has a vault."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import places
from core import journal
from tests.accounts.factories import CompanionFactory, signed_in
from tests.vault.entrusted import entrusted, place_at
from tests.vault.made import add
from vault.records import gate
from vault.records.enums import Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing.across import mandates
from vault.sharing.actions import asking
from vault.sharing.actions.household import fingerprint
from vault.sharing.actions.mandates import today
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import AskedFor
from vault.sharing.models import AccessRequest

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "personne@courriel.example"
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}
HIDDEN = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}|csrf\w*|value=\"[^\"]+\"|nonce=\"[^\"]+\"")


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


def asked(companion, address, *items, purpose=AskedFor.HOUSING, length="m1"):
    return asking.ask(
        companion=companion, address=address, items=items or ("home", "wages"), purpose=purpose, length=length
    )


def page(request):
    return reverse("sharing:access_request", args=[request.pk])


def answer(browser, request, **choices):
    text = browser.get(page(request)).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', text)
    return browser.post(page(request), {"seen": seen[1] if seen else "", **choices}, follow=True)


def the_grant(resident):
    with scope(resident=resident.pk):
        return Grant.objects.get()


def test_accepting_a_part_gives_a_mandate_for_that_part(browser, resident, companion):
    add(resident, "logement.domicile", HOME)
    request = asked(companion, resident.email)
    text = browser.get(page(request)).content.decode()
    assert (
        "612" in text
        and "checked" not in text
        and "Théo Lassalle, CCAS de Villebrume" in text
        and "garder un logement" in text
    )
    assert "Votre accord est donné" in answer(browser, request, items=["home"]).content.decode()
    told = [one for one in mail.outbox if one.to == [companion.email]]
    assert len(told) == 1 and resident.name not in told[0].body
    grant = the_grant(resident)
    assert [item.code for item in AGREEMENT.named(agreements.fields_of(grant))] == ["who", "home"]
    assert grant.purpose == "Vous aider à trouver ou garder un logement"
    assert grant.ends_at - grant.starts_at < timedelta(days=32)
    [mandate] = mandates.live(companion)
    assert mandate.acts == [] and gate.read(grant=mandate.grant, fields=["logement.domicile#/loyer"])


def test_an_accepted_request_keeps_the_former_mandate(browser, resident, companion):
    entrusted(resident, companion, "notices", months=6)
    answer(browser, asked(companion, resident.email), items=["home"])
    assert len(mandates.live(companion)) == 2


def test_an_item_that_was_not_asked_cannot_be_given(browser, resident, companion):
    answer(browser, asked(companion, resident.email, "home"), items=["notices"])
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_an_answer_without_an_item_gives_nothing(browser, resident, companion):
    text = answer(browser, asked(companion, resident.email)).content.decode()
    assert "Cochez au moins une ligne" in text
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_a_refusal_is_not_shown_to_the_companion(browser, resident, companion):
    theirs, request = signed_in(companion), asked(companion, resident.email)
    before = HIDDEN.sub("", theirs.get(reverse("sharing:accompanying")).content.decode())
    answer(browser, request, no="1")
    assert HIDDEN.sub("", theirs.get(reverse("sharing:accompanying")).content.decode()) == before
    assert not mail.outbox
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "access_declined"
    assert "n’attend plus de réponse" in browser.get(page(request)).content.decode()


def test_a_request_without_an_answer_expires(browser, resident, companion, time_machine):
    request = asked(companion, resident.email)
    time_machine.move_to(timezone.now() + timedelta(days=14, seconds=1), tick=False)
    browser = signed_in(resident)
    assert "n’attend plus de réponse" in browser.get(page(request)).content.decode()
    with pytest.raises(asking.NotWaiting):
        seen = fingerprint(today(resident_id=resident.pk))
        asking.accept(request=request, by=resident.pk, terms=Terms(["home"], Mode.LOOK, 1), seen=seen)
    assert mandates.live(companion) == []
    assert "Sans réponse" in signed_in(companion).get(reverse("sharing:accompanying")).content.decode()


def test_the_companions_pages_are_the_same_without_a_vault(resident, companion):
    theirs, seen = signed_in(companion), []
    for address in (resident.email, NOBODY):
        sent = {"address": address, "items": ["home"], "purpose": "housing", "length": "m1", "how": "page"}
        response = theirs.post(reverse("sharing:ask_access"), sent).content.decode()
        asking.notify_access_requests()
        listed = theirs.get(reverse("sharing:accompanying")).content.decode()
        with scopes_disabled():
            seen.append(
                (
                    HIDDEN.sub("", response),
                    listed.count("En attente"),
                    resident.name in listed,
                    AccessRequest.objects.count(),
                )
            )
    (first, *one), (second, *other) = seen
    assert first == second
    assert one == [1, False, 1] and other == [2, False, 2]
    assert NOBODY not in first


def test_the_typed_address_is_not_stored(companion):
    asked(companion, NOBODY)
    with scopes_disabled():
        row = AccessRequest.objects.values().get()
    assert NOBODY not in str(row)


def test_only_the_resident_is_notified_once_by_email_and_journal(resident, companion):
    asked(companion, resident.email)
    asked(companion, NOBODY)
    assert asking.notify_access_requests() == 1
    assert asking.notify_access_requests() == 0
    [message] = mail.outbox
    assert message.to == [resident.email] and "Théo" not in message.body and "CCAS" not in message.body
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "access_asked"
    assert "demande à voir des données" in signed_in(resident).get(reverse("home")).content.decode()


@pytest.mark.parametrize(("items", "length"), [(["journal"], "m1"), ([], "m1"), (["who"], "m1"), (["home"], "m3")])
def test_only_items_and_lengths_of_a_mandate_can_be_asked(companion, resident, items, length):
    with pytest.raises(ValueError, match="not offered"):
        asking.ask(companion=companion, address=resident.email, items=items, purpose=AskedFor.REVIEW, length=length)


def test_a_former_companion_can_neither_ask_nor_be_answered(browser, resident, companion):
    request = asked(companion, resident.email)
    places.end(place=place_at(companion))
    with pytest.raises(PermissionDenied):
        asked(companion, resident.email)
    assert "n’accompagne plus" in answer(browser, request, items=["home"]).content.decode()
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_only_the_resident_can_answer(resident, stranger, companion, agent):
    request = asked(companion, resident.email)
    assert signed_in(stranger).get(page(request)).status_code == 404
    assert signed_in(companion).get(page(request)).status_code == 403
    assert signed_in(agent).get(page(request)).status_code == 403
    assert Client().get(page(request))["Location"].startswith("/connexion/")
    for verb in (
        lambda: asking.refuse(request=request, by=stranger.pk),
        lambda: asking.accept(request=request, by=companion.pk, terms=Terms(["home"], Mode.LOOK, 1), seen=""),
    ):
        with pytest.raises(PermissionDenied):
            verb()


def test_answering_twice_gives_one_mandate(browser, resident, companion):
    request = asked(companion, resident.email)
    answer(browser, request, items=["home"])
    answer(browser, request, items=["home"])
    with scope(resident=resident.pk):
        assert Grant.objects.count() == 1
