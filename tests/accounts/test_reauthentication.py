"""Sensitive acts ask again who you are, ten minutes after you last said it."""

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.accounts.factories import TOTP_SECRET, AgentFactory, ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.accounts.test_second_factor import code_now

pytestmark = pytest.mark.django_db
SENSITIVE = [
    "account_email",
    "account_change_password",
    "mfa_activate_totp",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
]
PASSWORD = "quatre mots au hasard"


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def test_each_sensitive_page_asks_and_none_asks_just_after_signing_in(resident, clock):
    client = signed_in(resident)
    pages = [reverse(name) for name in SENSITIVE]
    assert all(not client.get(page).headers.get("Location", "").startswith("/mon-compte/confirmer/") for page in pages)
    clock.shift(601)
    for page in pages:
        for ask in (client.get, client.post):
            assert ask(page)["Location"].startswith(reverse("account_reauthenticate")), page


def test_nothing_is_done_by_a_post_that_comes_too_late(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    client.post(reverse("account_change_password"), {"password": PASSWORD})
    resident.refresh_from_db()
    assert not resident.has_usable_password()


def test_a_code_by_mail_then_back_to_the_page_asked_for(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    where = client.get(reverse("account_email"))["Location"]
    client.post(where)
    assert mail.outbox[-1].to == [resident.email]
    response = client.post(reverse("confirm_code"), {"code": sent_code()})
    assert response["Location"] == reverse("account_email")
    assert client.get(reverse("account_email")).status_code == 200


def test_a_wrong_code_opens_nothing(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    client.post(client.get(reverse("account_email"))["Location"])
    client.post(reverse("confirm_code"), {"code": "12"})
    assert client.get(reverse("account_email")).status_code == 302


@pytest.mark.parametrize(("typed", "opens"), [(PASSWORD, True), ("quatre autres mots", False)])
def test_a_password_where_there_is_one(clock, typed, opens):
    client = signed_in(ResidentFactory(password=PASSWORD))
    clock.shift(601)
    client.post(client.get(reverse("account_email"))["Location"], {"password": typed})
    assert (client.get(reverse("account_email")).status_code == 200) is opens


def test_who_has_a_second_factor_gives_it_and_a_mailbox_is_not_enough(clock):
    agent = AgentFactory()
    client = signed_in(agent)
    clock.shift(601)
    where = client.get(reverse("account_email"))["Location"]
    assert where.startswith(reverse("mfa_reauthenticate"))
    assert client.post(reverse("account_reauthenticate")).status_code == 302
    assert not mail.outbox
    assert client.post(where, {"code": code_now(TOTP_SECRET), "next": reverse("account_email")})[
        "Location"
    ] == reverse("account_email")
    assert client.get(reverse("account_email")).status_code == 200


def test_the_way_back_is_one_of_our_pages(resident):
    client = signed_in(resident)
    page = client.get(reverse("account_reauthenticate"), {"next": "https://ailleurs.example/"})
    assert page.context["next"] == reverse("account")


def test_a_late_post_comes_back_to_the_page_of_its_form(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    home = "http://testserver" + reverse("account")
    late = client.post(reverse("account_email"), {}, headers={"referer": home})
    assert (
        late["Location"].endswith("next=" + home.replace(":", "%3A").replace("/", "%2F"))
        or "mon-compte" in late["Location"]
    )
    foreign = client.post(reverse("account_email"), {}, headers={"referer": "https://ailleurs.example/"})
    assert "ailleurs" not in foreign["Location"]


def test_someone_else_s_confirmation_does_not_count(resident, stranger, clock):
    """The records of a session belong to the person who made them."""
    client = signed_in(resident)
    session = client.session
    session["account_authentication_methods_user"] = str(stranger.pk)
    session.save()
    assert client.get(reverse("account_email")).status_code == 302


def test_nobody_is_sent_to_sign_in():
    assert Client().get(reverse("account_reauthenticate"))["Location"].startswith(reverse("account_login"))
