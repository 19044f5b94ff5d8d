"""A resident's telephone: a number, a code by text message, and messages without names."""

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


def test_a_number_is_kept_once_its_code_is_entered(browser, resident):
    assert ask(browser)["Location"] == reverse("confirm_phone")
    assert sent()[-1]["to"] == NUMBER
    assert phones.number_of(resident_id=resident.pk) == ""
    browser.post(reverse("confirm_phone"), {"code": last_code()})
    assert phones.number_of(resident_id=resident.pk) == NUMBER
    account = browser.get(reverse("account")).content.decode()
    assert "•••• 0001" in account and "063998" not in account
    browser.post(reverse("forget_phone"))
    assert phones.number_of(resident_id=resident.pk) == ""


def test_three_wrong_codes_end_the_code(browser, resident):
    ask(browser)
    wrong = "000000" if last_code() != "000000" else "111111"
    for _ in range(3):
        browser.post(reverse("confirm_phone"), {"code": wrong})
    browser.post(reverse("confirm_phone"), {"code": last_code()})
    assert phones.number_of(resident_id=resident.pk) == ""


def test_a_telephone_code_is_valid_for_nothing_else(browser):
    """The code is stored under the same session key as the code that changes the sign-in address."""
    ask(browser)
    assert browser.get(reverse("account_email_verification_sent"))["Location"] == reverse("account_email")


def test_nothing_is_sent_to_an_invalid_number(browser):
    before = len(sent())
    assert "numéro complet" in ask(browser, "12").content.decode()
    assert len(sent()) == before


def test_messages_to_a_number_are_limited(browser):
    statuses = [ask(browser).status_code for _ in range(4)]
    assert statuses == [302, 302, 302, 400]


def test_changing_it_needs_a_recent_confirmation(browser):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser.get(reverse("account"))
        clock.shift(601)
        assert ask(browser)["Location"].startswith("/mon-compte/confirmer/")


def test_without_a_provider_the_pages_answer_404(browser, settings):
    settings.SMS_PROVIDER = ""
    assert browser.get(reverse("change_phone")).status_code == 404
    assert "Téléphone" not in browser.get(reverse("account")).content.decode().split("<main")[1]


@pytest.mark.parametrize("name", ["change_phone", "confirm_phone"])
def test_only_residents_have_a_telephone_page(agent, name):
    assert signed_in(agent).get(reverse(name)).status_code == 403
    assert signed_in(CompanionFactory()).get(reverse(name)).status_code == 403
    assert Client().get(reverse(name))["Location"].startswith("/connexion/")


def test_a_resident_with_a_number_gets_a_text_and_an_email_without_names(resident):
    phones.keep(resident_id=resident.pk, by=resident.pk, number=NUMBER)
    companion = CompanionFactory(name="Théo Lassalle")
    before = len(sent())
    asking.ask(companion=companion, address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1")
    asking.notify_access_requests()
    mandates.notify_signed_mandate(entrusted(resident, companion, "home"))
    messages = sent()[before:]
    assert [message["to"] for message in messages] == [NUMBER, NUMBER]
    assert all(
        "Théo" not in message["text"] and "CCAS" not in message["text"] and len(message["text"]) < 320
        for message in messages
    )


def test_a_resident_without_a_number_gets_no_text(resident):
    before = len(sent())
    assert not reminding.text(user_id=resident.pk, template="sharing/email/access_asked")
    assert len(sent()) == before
