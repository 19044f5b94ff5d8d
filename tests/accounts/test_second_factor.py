"""The second factor: required for agents on every page, sealed in the database, each code valid once."""

import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.core import mail
from django.core.cache import cache, caches
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import perms
from tests.accounts.factories import TOTP_SECRET, AgentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.sessions_once import read_once

pytestmark = pytest.mark.django_db
SAMPLES = {
    "uuid": "6f1c1a52-9d5c-4a7e-8d5e-0d7a3c1f2b10",
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
}


def code_now(secret=TOTP_SECRET):
    return format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30))


def urls(patterns=None, prefix="/", namespaces=()):
    """Yield every URL of the portal, with invented ids, and its name."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + re.sub(r"\(\?P<\w+>[^)]*\)", "x", str(entry.pattern)).replace("^", "").replace(
            "$", ""
        ).replace("\\Z", "")
        route = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], re.sub(r"<(\w+)>", "x", route))
        if isinstance(entry, URLResolver):
            inside = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from urls(entry.url_patterns, route, inside)
        elif isinstance(entry, URLPattern):
            yield route, ":".join([*namespaces, entry.name or ""])


def test_an_agent_without_a_second_factor_can_only_set_one_up():
    client = signed_in(AgentFactory(second_factor=False), second_factor=False)
    set_up = reverse("mfa_activate_totp")
    walked = 0
    kept: dict[object, object] = {}
    for address, name in urls():
        for ask in (client.get, client.post) if name not in perms.BEFORE_THE_SECOND_FACTOR else ():
            with read_once(kept):
                response = ask(address)
            if response.status_code == 404:
                continue
            assert response.status_code == 302 and response["Location"].startswith(set_up), (
                name,
                address,
                response.status_code,
            )
            walked += 1
    assert walked > 60


def test_an_agent_must_give_the_second_factor_in_each_session():
    client = signed_in(AgentFactory(), second_factor=False)
    response = client.get(reverse("account"))
    assert response["Location"].startswith(reverse("mfa_reauthenticate"))
    client.post(response["Location"], {"code": code_now(), "next": reverse("account")})
    assert client.get(reverse("account")).status_code == 200


def test_an_agent_sets_it_up_at_the_first_sign_in():
    agent = AgentFactory(second_factor=False)
    client = Client()
    client.post(reverse("account_login"), {"email": agent.email})
    client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    page = client.get(reverse("admin:index"), follow=True)
    assert page.status_code == 200 and "totp" in str(page.templates[0].name)

    secret = page.context["form"].secret
    codes = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)}, follow=True)

    assert len(codes.context["unused_codes"]) == 10
    assert client.get(reverse("admin:index")).status_code == 200
    again = client.get(reverse("mfa_view_recovery_codes"))
    assert not set(codes.context["unused_codes"]) & set(re.findall(r"\d{8}", again.content.decode())), "shown once"


def test_secrets_and_recovery_seeds_are_sealed_in_the_database():
    agent = AgentFactory()
    client = signed_in(agent)
    client.post(reverse("mfa_generate_recovery_codes"))
    for authenticator in Authenticator.objects.filter(user=agent):
        text = str(authenticator.data)
        assert TOTP_SECRET not in text
    totp = Authenticator.objects.get(user=agent, type="totp").wrap()
    assert totp.validate_code(code_now())


def test_a_secret_cannot_be_read_for_another_purpose():
    from core.keys import protect

    sealed = protect.protect("secret", purpose="second factor")
    assert protect.unprotect(sealed, purpose="second factor") == "secret"
    from core.keys import KeyringError

    with pytest.raises(KeyringError):
        protect.unprotect(sealed, purpose="something else")


def pending(agent):
    """Return a browser that waits for the second code."""
    client = Client()
    client.post(reverse("account_login"), {"email": agent.email})
    client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    return client


def is_in(client):
    return client.get(reverse("account")).status_code == 200


def test_used_codes_are_stored_outside_the_process():
    assert not settings.CACHES["default"]["BACKEND"].endswith(("LocMemCache", "DummyCache", "FileBasedCache"))


def test_a_code_is_valid_once_across_processes():
    agent = AgentFactory()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, second, third = pending(agent), pending(agent), pending(agent)
        code = code_now()
        first.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(first)
        del caches["default"]  # simulate another process, which shares only the database
        second.post(reverse("mfa_authenticate"), {"code": code})
        assert not is_in(second)
        clock.shift(31)
        third.post(reverse("mfa_authenticate"), {"code": code})
        assert not is_in(third), "the step after, the same code is still refused"


@pytest.mark.parametrize("spaced", ["{} {}", "{}-{}", " {}{}."])
def test_a_code_with_spaces_is_the_same_code(spaced):
    agent = AgentFactory()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, second = pending(agent), pending(agent)
        code = code_now()
        first.post(reverse("mfa_authenticate"), {"code": code})
        clock.shift(31)
        second.post(reverse("mfa_authenticate"), {"code": spaced.format(code[:3], code[3:])})
        assert (is_in(first), is_in(second)) == (True, False)


def test_a_clock_one_step_late_is_accepted():
    agent = AgentFactory()
    client = pending(agent)
    late = format_hotp_value(hotp_value(TOTP_SECRET, int(timezone.now().timestamp()) // 30 - 1))
    client.post(reverse("mfa_authenticate"), {"code": late})
    assert is_in(client)


def test_a_recovery_code_is_valid_once():
    agent = AgentFactory()
    client = signed_in(agent)
    client.post(reverse("mfa_generate_recovery_codes"))
    code = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
    first, second = pending(agent), pending(agent)
    first.post(reverse("mfa_authenticate"), {"code": code})
    second.post(reverse("mfa_authenticate"), {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_wrong_second_codes_are_limited():
    agent = AgentFactory()
    client = pending(agent)
    for _try in range(6):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert not is_in(client)
    cache.clear()


def test_a_forgotten_password_does_not_bypass_the_second_factor():
    agent = AgentFactory()
    client = Client()
    client.post(reverse("account_reset_password"), {"email": agent.email})
    response = client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert response["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("account_change_password")).status_code == 302
    assert not is_in(client)


def test_a_resident_may_set_it_up_and_remove_it(resident):
    client = signed_in(resident)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert pending(resident).get(reverse("account")).status_code == 302
    client.post(reverse("mfa_deactivate_totp"))
    assert is_in(pending(resident))
    assert [message.subject for message in mail.outbox if "double" in message.subject]


def test_an_agent_cannot_remove_it(agent):
    client = signed_in(agent)
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=agent, type="totp").exists()


def test_the_admins_sign_in_page_does_not_accept_a_password_alone():
    agent = AgentFactory()
    agent.set_password("quatre mots au hasard")
    agent.save()
    client = Client()
    answer = client.post(reverse("admin:login"), {"username": agent.email, "password": "quatre mots au hasard"})
    assert answer["Location"].startswith(reverse("account_login"))
    assert client.get(reverse("account_login")).wsgi_request.user.is_anonymous


def test_the_factorys_agent_can_sign_in():
    assert TOTP(Authenticator.objects.get(user=AgentFactory(), type="totp")).validate_code(code_now())
