"""Rate limits, shared by all processes, per IP address and per account. A proxy must be declared."""

import pytest
import time_machine
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.accounts.factories import ResidentFactory, signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "quatre mots au hasard"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def ask(email, **headers):
    """Ask for a code in a new browser, as from another process."""
    del caches["default"]
    return Client().post(reverse("account_login"), {"email": email}, **headers)


def ask_afar(email, number, **headers):
    """Ask for a code from another network each time."""
    return ask(email, REMOTE_ADDR=f"198.51.{number}.1", **headers)


def test_three_codes_a_minute_per_address(clock):
    assert [ask("awa@courriel.example").status_code for _time in range(4)] == [302, 302, 302, 429]
    assert len(mail.outbox) == 3
    clock.shift(61)
    assert ask("awa@courriel.example").status_code == 302


def test_the_limit_is_the_same_for_known_and_unknown_addresses():
    ResidentFactory(email="awa@courriel.example")
    for email in ("awa@courriel.example", "personne@courriel.example"):
        assert [ask(email).status_code for _time in range(4)] == [302, 302, 302, 429]


def test_the_limit_ignores_capitals():
    assert [ask(email).status_code for email in ("a@x.example", "A@x.example", "a@X.example", "A@X.EXAMPLE")] == [
        302,
        302,
        302,
        429,
    ]


def test_fifteen_codes_an_hour_per_address(clock):
    answers = []
    for number in range(16):
        answers.append(ask_afar("awa@courriel.example", number).status_code)
        clock.shift(61)
    assert answers == [302] * 15 + [429]


def test_six_codes_an_hour_for_an_address_from_one_network(clock):
    answers = []
    for _time in range(7):
        answers.append(ask("awa@courriel.example").status_code)
        clock.shift(61)
    assert answers == [302] * 6 + [429]
    assert ask_afar("awa@courriel.example", 9).status_code == 302


def test_twenty_codes_a_minute_per_ip_address():
    answers = [ask(f"p{number}@courriel.example").status_code for number in range(21)]
    assert answers == [302] * 20 + [429]
    assert ask("autre@courriel.example", REMOTE_ADDR="192.0.2.9").status_code == 302


def test_a_forged_forwarded_header_does_not_avoid_the_limit():
    forged = [
        ask(f"p{number}@courriel.example", headers={"x-forwarded-for": f"192.0.2.{number}"}).status_code
        for number in range(21)
    ]
    assert forged[-1] == 429


def test_behind_a_declared_proxy_each_client_has_its_own_limit(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    answers = [
        ask(f"p{number}@courriel.example", headers={"x-forwarded-for": f"10.0.0.1, 192.0.2.{number}"}).status_code
        for number in range(21)
    ]
    assert answers == [302] * 21
    same = [
        ask(f"q{number}@courriel.example", headers={"x-forwarded-for": f"192.0.2.{number}, 192.0.2.200"}).status_code
        for number in range(21)
    ]
    assert same[-1] == 429, "what the client wrote itself, further left, is not believed"


def test_after_five_wrong_passwords_the_right_one_is_refused_too(clock):
    resident = ResidentFactory(password=PASSWORD)
    page = reverse("sign_in_with_password")
    for _try in range(5):
        Client().post(page, {"login": resident.email, "password": "quatre autres mots"})
    del caches["default"]
    client = Client(REMOTE_ADDR="192.0.2.9")
    assert client.post(page, {"login": resident.email, "password": PASSWORD}).status_code == 400
    clock.shift(301)
    assert client.post(page, {"login": resident.email, "password": PASSWORD}).status_code == 302


def test_tries_of_codes_are_limited_per_ip_address():
    answers = []
    for number in range(16):
        client = Client(REMOTE_ADDR="192.0.2.7")
        client.post(reverse("account_login"), {"email": f"p{number}@courriel.example"})
        for _try in range(2):
            answers.append(client.post(reverse("account_confirm_login_code"), {"code": "0"}))
    assert "essais" in answers[-1].context["form"].errors["code"][0]


def test_wrong_passwords_at_a_confirmation_are_limited(resident):
    resident.set_password(PASSWORD)
    resident.save()
    client = signed_in(resident)
    for _try in range(10):
        client.post(reverse("account_reauthenticate"), {"password": "quatre autres mots"})
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.status_code == 400
