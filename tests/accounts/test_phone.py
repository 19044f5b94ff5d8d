"""A resident's telephone: a number, a code by text message, and messages that name nobody."""

import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import reminding
from core.messages import phones
from tests.accounts.factories import CompanionFactory, signed_in
from tests.core.test_sms import sent
from tests.vault.entrusted import entrusted
from vault.sharing.actions import asking, mandates
from vault.sharing.enums import AskedFor

pytestmark = pytest.mark.django_db(transaction=True)
TYPED, NUMBER = "06 39 98 00 01", "+33639980001"


@pytest.fixture
def browser(resident) -> Client:
    return signed_in(resident)


def ask(browser, typed=TYPED):
    return browser.post(reverse("change_phone"), {"number": typed})


def last_code():
    found = re.search(r"\b\d{6}\b", sent()[-1]["text"])
    assert found
    return found[0]


def test_a_number_counts_once_its_code_was_copied(browser, resident):
    assert ask(browser)["Location"] == reverse("confirm_phone")
    assert sent()[-1]["to"] == NUMBER
    assert phones.number_of(resident_id=resident.pk) == ""
    browser.post(reverse("confirm_phone"), {"code": last_code()})
    assert phones.number_of(resident_id=resident.pk) == NUMBER
    account = browser.get(reverse("account")).content.decode()
    assert "•••• 0001" in account and "063998" not in account
    browser.post(reverse("forget_phone"))
    assert phones.number_of(resident_id=resident.pk) == ""


def test_a_wrong_code_three_times_ends_it(browser, resident):
    ask(browser)
    wrong = "000000" if last_code() != "000000" else "111111"
    for _ in range(3):
        browser.post(reverse("confirm_phone"), {"code": wrong})
    browser.post(reverse("confirm_phone"), {"code": last_code()})
    assert phones.number_of(resident_id=resident.pk) == ""


def test_a_code_for_a_telephone_opens_nothing_else(browser):
    """It is kept in the same place of the session as the code that changes the sign-in address."""
    ask(browser)
    assert browser.get(reverse("account_email_verification_sent"))["Location"] == reverse("account_email")


def test_what_is_no_number_gets_nothing(browser):
    before = len(sent())
    assert "numéro complet" in ask(browser, "12").content.decode()
    assert len(sent()) == before


def test_a_number_is_not_rung_again_and_again(browser):
    statuses = [ask(browser).status_code for _ in range(4)]
    assert statuses == [302, 302, 302, 200]


def test_changing_it_asks_again_who_one_is(browser):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser.get(reverse("account"))
        clock.shift(601)
        assert ask(browser)["Location"].startswith("/mon-compte/confirmer/")


def test_without_a_provider_there_is_no_such_page(browser, settings):
    settings.SMS_PROVIDER = ""
    assert browser.get(reverse("change_phone")).status_code == 404
    assert "Téléphone" not in browser.get(reverse("account")).content.decode().split("<main")[1]


@pytest.mark.parametrize("name", ["change_phone", "confirm_phone"])
def test_only_residents_have_one(agent, name):
    assert signed_in(agent).get(reverse(name)).status_code == 403
    assert signed_in(CompanionFactory()).get(reverse(name)).status_code == 403
    assert Client().get(reverse(name))["Location"].startswith("/connexion/")


def test_who_has_one_is_told_by_text_and_by_mail_without_a_name(resident):
    phones.keep(resident_id=resident.pk, by=resident.pk, number=NUMBER)
    companion = CompanionFactory(name="Théo Lassalle")
    before = len(sent())
    asking.ask(companion=companion, address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1")
    asking.notify_access_requests()
    mandates.notify_signed_mandate(entrusted(resident, companion, "home"))
    told = sent()[before:]
    assert [message["to"] for message in told] == [NUMBER, NUMBER]
    assert all(
        "Théo" not in message["text"] and "CCAS" not in message["text"] and len(message["text"]) < 320
        for message in told
    )


def test_who_has_none_gets_none(resident):
    before = len(sent())
    assert not reminding.text(user_id=resident.pk, template="sharing/email/access_asked")
    assert len(sent()) == before
