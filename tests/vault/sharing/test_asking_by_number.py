"""Access requests by telephone number: they reach only residents who accept them and reveal nothing."""

import hashlib
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from core import journal
from core.messages import phones
from core.models import Phone
from tests.accounts.factories import CompanionFactory, ResidentFactory, signed_in
from tests.core.test_sms import sent
from vault.sharing.actions import asking
from vault.sharing.enums import AskedFor
from vault.sharing.models import AccessRequest

pytestmark = pytest.mark.django_db(transaction=True)
TYPED, NUMBER, NOBODYS = "06 39 98 00 01", "+33639980001", "+33639980099"
HIDDEN = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}|csrf\w*|value=\"[^\"]+\"|nonce=\"[^\"]+\"")


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def reachable(resident):
    return lives_at(resident)


def lives_at(resident, number=NUMBER, *, accepts=True):
    phones.keep(resident_id=resident.pk, by=resident.pk, number=number)
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=accepts)
    return resident


def asked(companion, number=NUMBER):
    return asking.ask(companion=companion, address=number, items=["home"], purpose=AskedFor.HOUSING, length="m1")


def form(address, how="page"):
    return {"address": address, "items": ["home"], "purpose": "housing", "length": "m1", "how": how}


def requests_of(resident):
    with scope(resident=resident.pk):
        return AccessRequest.objects.count()


def test_a_resident_who_accepts_requests_by_number_is_notified(reachable, companion):
    before = len(sent())
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(TYPED)).content.decode()
    assert "Nous ne disons pas si c’est le cas" in page and NUMBER not in page and TYPED not in page
    assert asking.notify_access_requests() == 1
    assert [message["to"] for message in sent()[before:]] == [NUMBER] and "Théo" not in sent()[-1]["text"]
    assert journal.entries(resident_id=reachable.pk, limit=1)[0].event == "access_asked"
    assert "demande à voir des données" in signed_in(reachable).get(reverse("home")).content.decode()


def test_a_resident_who_does_not_accept_is_not_found(resident, companion):
    lives_at(resident, accepts=False)
    asked(companion)
    assert requests_of(resident) == 0 and asking.notify_access_requests() == 0


def test_a_new_number_has_to_be_accepted_again(reachable, companion):
    phones.keep(resident_id=reachable.pk, by=reachable.pk, number=NOBODYS)
    assert not phones.accepts_requests(resident_id=reachable.pk)
    for number in (NUMBER, NOBODYS):
        asked(companion, number)
    assert requests_of(reachable) == 0


def test_refusing_or_forgetting_the_number_stops_requests(reachable, companion):
    phones.accept_requests(resident_id=reachable.pk, by=reachable.pk, on=False)
    asked(companion)
    phones.accept_requests(resident_id=reachable.pk, by=reachable.pk, on=True)
    phones.forget(resident_id=reachable.pk, by=reachable.pk)
    asked(companion)
    assert requests_of(reachable) == 0


def test_a_number_shared_by_two_residents_reaches_neither(reachable, stranger, companion):
    lives_at(stranger)
    asked(companion)
    assert (requests_of(reachable), requests_of(stranger)) == (0, 0)


def test_page_row_and_queries_are_the_same_for_any_number(resident, stranger, companion):
    """Compare the queries, not the time. The count of tries may insert or update its row."""
    lives_at(resident)
    for one in (stranger, ResidentFactory()):
        lives_at(one, "+33639980002")
    lives_at(ResidentFactory(), "+33639980003", accepts=False)
    theirs, seen = signed_in(companion), []
    theirs.get(reverse("sharing:ask_access"))
    for number in (NUMBER, NOBODYS, "+33639980002", "+33639980003", "personne@courriel.example", stranger.email):
        with CaptureQueriesContext(connection) as done:
            page = theirs.post(reverse("sharing:ask_access"), form(number)).content.decode()
        with scopes_disabled():
            row = AccessRequest.objects.latest("created_at")
            columns = {field.attname: getattr(row, field.attname) for field in AccessRequest._meta.concrete_fields}
        own = {
            name: columns.pop(name) for name in ("id", "resident_id", "reference", "created_at", "expires_at", "mac")
        }
        assert number not in str(columns | own)
        seen.append(
            (
                HIDDEN.sub("", page),
                columns,
                len(done),
                [query["sql"].split()[0].replace("UPDATE", "INSERT") for query in done],
            )
        )
    for one in seen[1:]:
        assert one == seen[0]


def test_a_request_by_number_cannot_be_answered_by_a_texted_code(reachable, companion):
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(TYPED, how="phone")).content.decode()
    assert "écrivez son adresse e-mail" in page and requests_of(reachable) == 0
    with pytest.raises(ValueError, match="not offered"):
        asking.ask(
            companion=companion, address=NUMBER, items=["home"], purpose=AskedFor.HOUSING, length="h24", by_phone=True
        )
    asked(companion)
    before = len(sent())
    assert asking.text_codes() == 0 and len(sent()) == before


def test_requests_are_limited_per_number_and_per_companion(reachable, companion, settings):
    theirs = signed_in(companion)
    statuses = [theirs.post(reverse("sharing:ask_access"), form(TYPED)).status_code for _ in range(4)]
    nobody = [theirs.post(reverse("sharing:ask_access"), form("06 39 98 00 99")).status_code for _ in range(4)]
    assert statuses == nobody == [200, 200, 200, 429]
    assert signed_in(CompanionFactory()).post(reverse("sharing:ask_access"), form(TYPED)).status_code == 200, (
        "the limit is per companion"
    )
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"access_ask": "2/d/user"}
    fresh = signed_in(CompanionFactory())
    tried = [fresh.post(reverse("sharing:ask_access"), form(f"06 39 98 01 0{end}")).status_code for end in range(3)]
    assert tried == [200, 200, 429]


def test_the_stored_lookup_depends_on_the_portals_secret(resident, stranger, companion, settings):
    lives_at(resident, accepts=False)
    with scope(resident=resident.pk):
        assert Phone.objects.get().lookup == "", "no lookup is stored before the resident accepts"
    lives_at(resident)
    with scope(resident=resident.pk):
        kept = Phone.objects.get().lookup
    spellings = (NUMBER, NUMBER[1:], "0639980001", TYPED)
    assert kept not in {
        hashlib.new(kind, spelling.encode()).hexdigest()
        for kind in ("sha256", "sha3_256", "blake2s")
        for spelling in spellings
    }
    settings.SECRET_KEY = "another-secret-" + "y" * 50
    assert not phones.accepts_requests(resident_id=resident.pk), "the resident has to accept again"
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    asked(companion)
    assert requests_of(resident) == 1


@pytest.mark.parametrize("typed", ["06 12", "Awa", "+33 6 39 98 00 01 02 03 04 05 06", "a@b"])
def test_an_invalid_address_or_number_is_refused(companion, typed):
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(typed)).content.decode()
    assert "adresse complète" in page
    with scopes_disabled():
        assert not AccessRequest.objects.exists()


def test_a_city_without_text_messages_accepts_only_email_addresses(companion, settings):
    settings.SMS_PROVIDER = ""
    theirs = signed_in(companion)
    assert "Numéro" not in theirs.get(reverse("sharing:ask_access")).content.decode().split("<main")[1]
    assert "adresse complète" in theirs.post(reverse("sharing:ask_access"), form(TYPED)).content.decode()


def test_only_the_resident_accepts_requests_by_number_and_it_is_journalled(resident, agent, companion):
    lives_at(resident, accepts=False)
    browser, url = signed_in(resident), reverse("accept_phone_requests")
    assert "personne ne peut vous trouver" in browser.get(reverse("change_phone")).content.decode()
    assert browser.post(url, {"accept": "yes"})["Location"] == reverse("change_phone")
    assert phones.accepts_requests(resident_id=resident.pk)
    assert "Ne plus accepter" in browser.get(reverse("change_phone")).content.decode()
    browser.post(url, {"accept": "yes"})
    browser.post(url, {})
    assert not phones.accepts_requests(resident_id=resident.pk)
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=3)]
    assert events == ["phone_requests_ended", "phone_requests_accepted", "phone_kept"]
    assert signed_in(agent).post(url).status_code == 403 and signed_in(companion).post(url).status_code == 403
    assert browser.get(url).status_code == 405 and Client().post(url)["Location"].startswith("/connexion/")


def test_requests_cannot_be_accepted_without_a_number(resident):
    signed_in(resident).post(reverse("accept_phone_requests"), {"accept": "yes"})
    assert not phones.accepts_requests(resident_id=resident.pk)
