"""Asked by a telephone number: only who accepts it is found, who asks learns nothing, and whoever holds the telephone cannot answer."""

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


def test_who_accepts_it_is_asked_and_answers_in_their_vault(reachable, companion):
    before = len(sent())
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(TYPED)).content.decode()
    assert "Nous ne disons pas si c’est le cas" in page and NUMBER not in page and TYPED not in page
    assert asking.notify_access_requests() == 1
    assert [message["to"] for message in sent()[before:]] == [NUMBER] and "Théo" not in sent()[-1]["text"]
    assert journal.entries(resident_id=reachable.pk, limit=1)[0].event == "access_asked"
    assert "demande à voir des données" in signed_in(reachable).get(reverse("home")).content.decode()


def test_who_has_not_accepted_is_not_found(resident, companion):
    lives_at(resident, accepts=False)
    asked(companion)
    assert requests_of(resident) == 0 and asking.notify_access_requests() == 0


def test_it_is_never_accepted_by_itself_and_a_new_number_asks_anew(reachable, companion):
    phones.keep(resident_id=reachable.pk, by=reachable.pk, number=NOBODYS)
    assert not phones.accepts_requests(resident_id=reachable.pk)
    for number in (NUMBER, NOBODYS):
        asked(companion, number)
    assert requests_of(reachable) == 0


def test_a_no_stops_the_next_request(reachable, companion):
    phones.accept_requests(resident_id=reachable.pk, by=reachable.pk, on=False)
    asked(companion)
    phones.accept_requests(resident_id=reachable.pk, by=reachable.pk, on=True)
    phones.forget(resident_id=reachable.pk, by=reachable.pk)
    asked(companion)
    assert requests_of(reachable) == 0


def test_a_number_that_two_residents_share_leads_to_neither(reachable, stranger, companion):
    lives_at(stranger)
    asked(companion)
    assert (requests_of(reachable), requests_of(stranger)) == (0, 0)


def test_the_page_the_row_and_the_queries_are_the_same_whoever_has_the_number(resident, stranger, companion):
    """Not measured: the same code is run, query for query. The count of tries writes its row anew or changes it."""
    lives_at(resident)
    for one in (stranger, ResidentFactory()):
        lives_at(one, "+33639980002")
    lives_at(ResidentFactory(), "+33639980003", accepts=False)
    theirs, seen = signed_in(companion), []
    theirs.get(reverse("sharing:ask_access"))
    for number in (NUMBER, NOBODYS, "+33639980002", "+33639980003", "personne@courriel.example", stranger.email):
        with CaptureQueriesContext(
            connection,
        ) as done:
            page = theirs.post(reverse("sharing:ask_access"), form(number)).content.decode()
        with scopes_disabled():
            row = AccessRequest.objects.latest("created_at")
            told = {field.attname: getattr(row, field.attname) for field in AccessRequest._meta.concrete_fields}
        own = {name: told.pop(name) for name in ("id", "resident_id", "reference", "created_at", "expires_at")}
        assert number not in str(told | own)
        seen.append(
            (
                HIDDEN.sub("", page),
                told,
                len(done),
                [query["sql"].split()[0].replace("UPDATE", "INSERT") for query in done],
            )
        )
    for one in seen[1:]:
        assert one == seen[0]


def test_whoever_holds_the_telephone_does_not_answer_for_its_resident(reachable, companion):
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(TYPED, how="phone")).content.decode()
    assert "écrivez son adresse e-mail" in page and requests_of(reachable) == 0
    with pytest.raises(ValueError, match="not offered"):
        asking.ask(
            companion=companion, address=NUMBER, items=["home"], purpose=AskedFor.HOUSING, length="h24", by_phone=True
        )
    asked(companion)
    before = len(sent())
    assert asking.text_codes() == 0 and len(sent()) == before


def test_trying_numbers_ends_and_so_does_asking_the_same_one(reachable, companion, settings):
    theirs = signed_in(companion)
    statuses = [theirs.post(reverse("sharing:ask_access"), form(TYPED)).status_code for _ in range(4)]
    nobody = [theirs.post(reverse("sharing:ask_access"), form("06 39 98 00 99")).status_code for _ in range(4)]
    assert statuses == nobody == [200, 200, 200, 429]
    assert signed_in(CompanionFactory()).post(reverse("sharing:ask_access"), form(TYPED)).status_code == 200, (
        "another one learns nothing"
    )
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"access_ask": "2/d/user"}
    fresh = signed_in(CompanionFactory())
    tried = [fresh.post(reverse("sharing:ask_access"), form(f"06 39 98 01 0{end}")).status_code for end in range(3)]
    assert tried == [200, 200, 429]


def test_what_is_kept_to_find_it_says_nothing_without_the_portals_secret(resident, stranger, companion, settings):
    lives_at(resident, accepts=False)
    with scope(resident=resident.pk):
        assert Phone.objects.get().lookup == "", "nothing of the number is comparable until its resident accepts"
    lives_at(resident)
    with scope(resident=resident.pk):
        kept = Phone.objects.get().lookup
    spellings = (NUMBER, NUMBER[1:], "0639980001", TYPED)
    assert kept not in {
        hashlib.new(kind, said.encode()).hexdigest()
        for kind in ("sha256", "sha3_256", "blake2s")
        for said in spellings
    }
    settings.SECRET_KEY = "another-secret-" + "y" * 50
    assert not phones.accepts_requests(resident_id=resident.pk), "the page says so, and lets them accept again"
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    asked(companion)
    assert requests_of(resident) == 1


@pytest.mark.parametrize("typed", ["06 12", "Awa", "+33 6 39 98 00 01 02 03 04 05 06", "a@b"])
def test_what_is_neither_an_address_nor_a_number_is_said(companion, typed):
    page = signed_in(companion).post(reverse("sharing:ask_access"), form(typed)).content.decode()
    assert "adresse complète" in page
    with scopes_disabled():
        assert not AccessRequest.objects.exists()


def test_a_city_without_text_messages_asks_by_address_only(companion, settings):
    settings.SMS_PROVIDER = ""
    theirs = signed_in(companion)
    assert "Numéro" not in theirs.get(reverse("sharing:ask_access")).content.decode().split("<main")[1]
    assert "adresse complète" in theirs.post(reverse("sharing:ask_access"), form(TYPED)).content.decode()


def test_accepting_is_ones_own_act_and_stands_in_the_journal(resident, agent, companion):
    lives_at(resident, accepts=False)
    browser, here = signed_in(resident), reverse("accept_phone_requests")
    assert "personne ne peut vous trouver" in browser.get(reverse("change_phone")).content.decode()
    assert browser.post(here, {"accept": "yes"})["Location"] == reverse("change_phone")
    assert phones.accepts_requests(resident_id=resident.pk)
    assert "Ne plus accepter" in browser.get(reverse("change_phone")).content.decode()
    browser.post(here, {"accept": "yes"})
    browser.post(here, {})
    assert not phones.accepts_requests(resident_id=resident.pk)
    events = [line.event for line in journal.entries(resident_id=resident.pk, limit=3)]
    assert events == ["phone_requests_ended", "phone_requests_accepted", "phone_kept"]
    assert signed_in(agent).post(here).status_code == 403 and signed_in(companion).post(here).status_code == 403
    assert browser.get(here).status_code == 405 and Client().post(here)["Location"].startswith("/connexion/")


def test_without_a_number_there_is_nothing_to_accept(resident):
    signed_in(resident).post(reverse("accept_phone_requests"), {"accept": "yes"})
    assert not phones.accepts_requests(resident_id=resident.pk)
