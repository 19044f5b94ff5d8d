"""Signing in by a code. Newcomers and known users see the same pages."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import accounts as actions
from accounts.models import Session, User
from accounts.sign_in import last_visit
from core import journal
from tests.accounts.factories import AgentFactory, ResidentFactory, has_verified_address
from tests.accounts.mailbox import last_text, sent_code

pytestmark = pytest.mark.django_db
KNOWN = "awa@courriel.example"
UNKNOWN = "personne@courriel.example"


@pytest.fixture
def browser():
    return Client(HTTP_USER_AGENT="Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0")


def ask(browser, email, **data):
    return browser.post(reverse("account_login"), {"email": email, **data})


def answer(browser, code):
    return browser.post(reverse("account_confirm_login_code"), {"code": code})


def person(browser):
    return browser.get(reverse("account_login")).wsgi_request.user


def test_a_known_user_signs_in_with_the_emailed_code(browser):
    awa = ResidentFactory(email=KNOWN)
    ask(browser, "AWA@courriel.example ")

    assert mail.outbox[-1].to == [KNOWN]
    assert answer(browser, sent_code())["Location"] == "/"
    assert person(browser) == awa


def test_a_newcomer_verifies_the_address_gives_a_name_and_gets_a_vault(browser):
    ask(browser, UNKNOWN)
    assert answer(browser, sent_code())["Location"] == reverse("account_signup")
    assert not User.objects.exists(), "no account before the name"

    response = browser.post(reverse("account_signup"), {"name": "Inès"})

    ines = User.objects.get()
    assert response["Location"] == "/"
    assert (ines.name, ines.email, ines.is_resident) == ("Inès", UNKNOWN, True)
    assert has_verified_address(ines)
    assert not ines.has_usable_password()
    assert [line.event for line in journal.entries(resident_id=ines.pk, limit=9)] == ["vault_opened"]
    assert person(browser) == ines


def test_a_vault_needs_a_verified_address(browser):
    ask(browser, UNKNOWN)
    assert browser.post(reverse("account_signup"), {"name": "Inès"})["Location"] == reverse("account_login")
    assert not User.objects.exists()


def test_a_name_sent_twice_opens_one_vault(browser):
    ask(browser, UNKNOWN)
    answer(browser, sent_code())
    for _time in range(2):
        browser.post(reverse("account_signup"), {"name": "Inès"})
    assert User.objects.count() == 1


def test_known_and_unknown_addresses_get_the_same_pages_and_the_same_message():
    ResidentFactory(email=KNOWN)
    results = []
    for email in (KNOWN, UNKNOWN):
        browser = Client()
        asked = ask(browser, email)
        page = browser.get(asked["Location"]).content.decode().replace(email, "…")
        wrong = answer(browser, "000000" if sent_code() != "000000" else "111111").content.decode().replace(email, "…")
        texts = [re.sub(r'value="\w{64}"', "", text) for text in (page, wrong)]
        results.append((asked.status_code, asked["Location"], texts, re.sub(r"\d{6}", "…", last_text())))
    assert results[0] == results[1]


def test_asking_for_a_code_costs_the_same_queries_for_both():
    ResidentFactory(email=KNOWN)
    counts = []
    for email in (KNOWN, UNKNOWN):
        with CaptureQueriesContext(connection) as queries:
            ask(Client(), email)
        counts.append(sorted(query["sql"].split(" ")[0] for query in queries if "core_cache" not in query["sql"]))
    assert counts[0] == counts[1]


def test_a_sign_in_by_code_needs_few_queries(browser):
    """Rate limits are half of them: each counts in the cache, by statements that count no rows (database/cache.py).

    Six name the session in its account, with a leaf of the account's chain.
    """
    ResidentFactory(email=KNOWN)
    with CaptureQueriesContext(connection) as queries:
        ask(browser, KNOWN)
        answer(browser, sent_code())
        browser.get(reverse("records:home"))
    assert len([one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) <= 50


@pytest.mark.parametrize("typed", ["12", "abcdef", "", "1234567"])
def test_a_wrong_code_shows_an_error_and_allows_another_try(browser, typed):
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    response = answer(browser, typed)
    assert response.status_code == 400
    assert response.context["form"].errors["code"]
    assert answer(browser, sent_code()).status_code == 302


def test_after_three_wrong_codes_the_right_one_is_refused(browser):
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    wrong = "000000" if sent_code() != "000000" else "111111"
    for _time in range(3):
        last = answer(browser, wrong)
    assert last["Location"] == reverse("account_login")
    answer(browser, sent_code())
    assert person(browser).is_anonymous


def test_concurrent_tries_are_all_counted(browser):
    """Concurrent tries all read the session before it is changed."""
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    code = sent_code()
    before = Session.objects.values_list("data", flat=True).get()
    for _time in range(3):
        answer(browser, "000000" if code != "000000" else "111111")
        Session.objects.update(data=before)
    answer(browser, code)
    assert person(browser).is_anonymous


def test_a_code_expires_after_ten_minutes(browser):
    ResidentFactory(email=KNOWN)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ask(browser, KNOWN)
        clock.shift(601)
        answer(browser, sent_code())
        assert person(browser).is_anonymous


def test_a_code_is_valid_once_and_in_the_same_browser(browser):
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    code = sent_code()
    assert answer(Client(), code)["Location"] == reverse("account_login")
    answer(browser, code)
    browser.post(reverse("account_logout"))
    assert answer(browser, code)["Location"] == reverse("account_login")
    assert person(browser).is_anonymous


def test_a_new_code_replaces_the_first(browser):
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    first = sent_code()
    ask(browser, KNOWN)
    if first != sent_code():
        assert answer(browser, first).status_code == 400
    assert answer(browser, sent_code()).status_code == 302


def test_signing_in_returns_to_the_page_and_never_to_another_site(browser):
    ResidentFactory(email=KNOWN)
    account = reverse("account")
    assert browser.get(account)["Location"] == f"/connexion/?next={account}"
    ask(browser, KNOWN, next=account)
    assert answer(browser, sent_code())["Location"] == account

    browser.post(reverse("account_logout"))
    ask(browser, KNOWN, next="https://ailleurs.example/")
    assert answer(browser, sent_code())["Location"] == account


def test_a_closed_account_cannot_sign_in(browser):
    awa = ResidentFactory(email=KNOWN)
    awa.is_active = False
    awa.save()
    ask(browser, KNOWN)
    assert answer(browser, sent_code())["Location"] == reverse("account_inactive")
    assert person(browser).is_anonymous


def test_the_session_has_the_device_in_words(browser):
    ResidentFactory(email=KNOWN)
    ask(browser, KNOWN)
    answer(browser, sent_code())
    assert Session.objects.get(user__isnull=False).device_words == "Firefox sur Android"


def test_a_lookalike_address_sends_the_code_to_the_known_mailbox(browser):
    """U+212A, the Kelvin sign, becomes a k in lower case: the mailbox spelt with it may be another one."""
    ResidentFactory(email="kim@courriel.example")
    ask(browser, "\u212aim@courriel.example")
    assert mail.outbox[-1].to == ["kim@courriel.example"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_registrations_open_one_vault():
    start = Barrier(2)

    def register(_number):
        start.wait(10)
        try:
            return actions.register_resident(email=UNKNOWN, name="Inès").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = set(threads.map(register, range(2)))
    assert found == {User.objects.get().pk}


def test_an_agent_must_give_the_second_factor(browser):
    agent = AgentFactory()
    ask(browser, agent.email)
    assert answer(browser, sent_code())["Location"] == reverse("mfa_authenticate")
    assert person(browser).is_anonymous


def test_sign_in_addresses_ignore_case():
    ResidentFactory(email=KNOWN)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(name="Autre", email=KNOWN.upper())])


def test_missing_sign_in_and_shared_contact_addresses_are_allowed():
    first, second = ResidentFactory(email=""), ResidentFactory(email="")
    User.objects.update(contact_email="famille@courriel.example")
    assert first.pk != second.pk
    assert User.objects.filter(contact_email="famille@courriel.example").count() == 2


def test_a_session_knows_the_sign_in_before_it():
    ResidentFactory(email=KNOWN)
    first = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    for days, expected in enumerate([None, first]):
        with time_machine.travel(first + timedelta(days=days), tick=False):
            browser = Client()
            ask(browser, KNOWN)
            answer(browser, sent_code())
            assert last_visit.before(browser.session) == expected
