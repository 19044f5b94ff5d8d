"""Sensitive acts need a confirmation of identity, ten minutes after the last one."""

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


def test_sensitive_pages_need_a_confirmation_unless_just_signed_in(resident, clock):
    client = signed_in(resident)
    pages = [reverse(name) for name in SENSITIVE]
    assert all(not client.get(page).headers.get("Location", "").startswith("/mon-compte/confirmer/") for page in pages)
    clock.shift(601)
    for page in pages:
        for ask in (client.get, client.post):
            assert ask(page)["Location"].startswith(reverse("account_reauthenticate")), page


def test_a_late_post_does_nothing(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    client.post(reverse("account_change_password"), {"password": PASSWORD})
    resident.refresh_from_db()
    assert not resident.has_usable_password()


def test_an_emailed_code_returns_to_the_page(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    where = client.get(reverse("account_email"))["Location"]
    client.post(where)
    assert mail.outbox[-1].to == [resident.email]
    response = client.post(reverse("confirm_code"), {"code": sent_code()})
    assert response["Location"] == reverse("account_email")
    assert client.get(reverse("account_email")).status_code == 200


def test_a_wrong_code_is_refused(resident, clock):
    client = signed_in(resident)
    clock.shift(601)
    client.post(client.get(reverse("account_email"))["Location"])
    client.post(reverse("confirm_code"), {"code": "12"})
    assert client.get(reverse("account_email")).status_code == 302


@pytest.mark.parametrize(("typed", "opens"), [(PASSWORD, True), ("quatre autres mots", False)])
def test_a_password_confirms_if_there_is_one(clock, typed, opens):
    client = signed_in(ResidentFactory(password=PASSWORD))
    clock.shift(601)
    client.post(client.get(reverse("account_email"))["Location"], {"password": typed})
    assert (client.get(reverse("account_email")).status_code == 200) is opens


def test_a_user_with_a_second_factor_must_give_it(clock):
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


def test_the_next_page_is_on_this_host(resident):
    client = signed_in(resident)
    page = client.get(reverse("account_reauthenticate"), {"next": "https://ailleurs.example/"})
    assert page.context["next"] == reverse("account")


def test_a_late_post_returns_to_its_form(resident, clock):
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


def test_another_users_confirmation_is_ignored(resident, stranger, clock):
    """A session's records belong to the user who made them."""
    client = signed_in(resident)
    session = client.session
    session["account_authentication_methods_user"] = str(stranger.pk)
    session.save()
    assert client.get(reverse("account_email")).status_code == 302


def test_visitors_must_sign_in():
    assert Client().get(reverse("account_reauthenticate"))["Location"].startswith(reverse("account_login"))
