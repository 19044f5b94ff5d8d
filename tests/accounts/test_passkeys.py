"""Passkeys: they sign in alone because they verify their user, belong to their owner, and count as a second factor."""

import json
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.accounts.soft_key import SoftKey

pytestmark = pytest.mark.django_db
HOST = "localhost"


def browser() -> Client:
    return Client(HTTP_HOST=HOST)


def options_of(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(html.fromstring(page.content).xpath("//form[@data-passkey]/@data-options")[0])
    return found


def add(user: User, client: Client | None = None, key: SoftKey | None = None, **how: Any) -> tuple[SoftKey, Any]:
    client = client or signed_in(user, client=browser())
    key = key or SoftKey()
    page = client.get(reverse("mfa_add_webauthn"))
    made = key.create(options_of(page), **how)
    return key, client.post(reverse("mfa_add_webauthn"), {"name": "Téléphone", "credential": made})


def challenge(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()[
        "request_options"
    ]
    return found


def sign_in_with(client: Client, key: SoftKey, **how: Any) -> Any:
    return client.post(
        reverse("mfa_login_webauthn"), {"credential": key.get(challenge(client), **how), "next": reverse("sessions")}
    )


def is_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_a_resident_adds_one_then_signs_in_with_it_alone(resident: User) -> None:
    key, added = add(resident)
    assert added["Location"] == reverse("mfa_view_recovery_codes"), "recovery codes come with the first one"
    assert "clé d’accès" in mail.outbox[-1].subject.lower()
    client = browser()
    assert sign_in_with(client, key)["Location"] == reverse("sessions")
    assert client.get(reverse("account")).context["user"] == resident


def test_an_agent_signs_in_with_it_alone_since_it_is_two_factors() -> None:
    agent = AgentFactory(second_factor=False)
    client = signed_in(agent, second_factor=False, client=browser())
    key, _added = add(agent, client)
    assert client.get(reverse("admin:index")).status_code == 200, "set up and given"
    other = browser()
    sign_in_with(other, key)
    assert other.get(reverse("admin:index")).status_code == 200


def test_a_key_that_did_not_verify_its_user_is_refused(resident: User) -> None:
    _key, refused = add(resident, verified=False)
    assert refused.status_code == 400 and not Authenticator.objects.exists()
    key, _added = add(resident)
    client = browser()
    assert sign_in_with(client, key, verified=False)["Location"] == reverse("account_login") and not is_in(client)


def test_after_a_code_the_passkey_is_required(resident: User) -> None:
    key, _added = add(resident)
    client = browser()
    client.post(reverse("account_login"), {"email": resident.email})
    back = client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert back["Location"] == reverse("mfa_authenticate") and not is_in(client)
    page = client.get(reverse("mfa_authenticate"))
    assert resident.reference in page.content.decode() and "Code de secours" in page.content.decode()
    client.post(reverse("mfa_authenticate"), {"credential": key.get(options_of(page))})
    assert is_in(client)


def test_a_recovery_code_replaces_it(resident: User) -> None:
    mine = signed_in(resident, client=browser())
    add(resident, mine)
    code = mine.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
    client = browser()
    client.post(reverse("account_login"), {"email": resident.email})
    client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert is_in(client)


def test_another_users_key_does_not_open_my_account(resident: User, stranger: User) -> None:
    mine, _added = add(resident)
    theirs, _added = add(stranger)
    client = browser()
    assert sign_in_with(client, theirs, user=mine.user)["Location"] == reverse("account_login") and not is_in(client)
    client.post(reverse("account_login"), {"email": resident.email})
    client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    page = client.get(reverse("mfa_authenticate"))
    assert client.post(
        reverse("mfa_authenticate"), {"credential": theirs.get(options_of(page))}
    ).status_code == 200 and not is_in(client)


def test_an_answer_is_valid_once_and_in_the_same_browser(resident: User) -> None:
    key, _added = add(resident)
    client, other = browser(), browser()
    answer = key.get(challenge(client))
    assert other.post(reverse("mfa_login_webauthn"), {"credential": answer})["Location"] == reverse(
        "account_login"
    ) and not is_in(other)
    client.post(reverse("mfa_login_webauthn"), {"credential": answer})
    assert is_in(client)
    client.post(reverse("account_logout"))
    assert client.post(reverse("mfa_login_webauthn"), {"credential": answer})["Location"] == reverse(
        "account_login"
    ) and not is_in(client)


@pytest.mark.parametrize("wrong", [{"origin": "https://autre.example"}, {"rp": "autre.example"}])
def test_a_key_of_another_site_is_refused(resident: User, wrong: dict[str, str]) -> None:
    """A page that imitates ours gets an answer for its own host name."""
    key, _added = add(resident)
    for name, value in wrong.items():
        setattr(key, name, value)
    client = browser()
    sign_in_with(client, key)
    assert not is_in(client)


GARBAGE = [
    "",
    "x",
    "null",
    "[]",
    "{}",
    "42",
    '"x"',
    '{"id": 1}',
    '{"response": {}}',
    '{"response": {"userHandle": "!!"}}',
    "{" * 500,
    "[" * 100_000,
]


@pytest.mark.parametrize("sent", GARBAGE)
def test_malformed_credentials_get_an_error(resident: User, sent: str) -> None:
    client = browser()
    challenge(client)
    assert client.post(reverse("mfa_login_webauthn"), {"credential": sent})["Location"] == reverse("account_login")
    mine = signed_in(resident, client=browser())
    mine.get(reverse("mfa_add_webauthn"))
    assert mine.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": sent}).status_code == 400
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_a_changed_answer_gets_an_error(resident: User, part: str) -> None:
    key, _added = add(resident)
    anything: list[Any] = ["", "AA", "A" * 2000, None, 7, {}]
    for spoilt in anything:
        client = browser()
        credential = json.loads(key.get(challenge(client)))
        credential["response"][part] = spoilt
        answer = client.post(reverse("mfa_login_webauthn"), {"credential": json.dumps(credential)})
        assert answer["Location"] == reverse("account_login") and not is_in(client), (part, spoilt)


def test_a_closed_account_stays_closed(resident: User) -> None:
    key, _added = add(resident)
    User.objects.filter(pk=resident.pk).update(is_active=False)
    client = browser()
    assert sign_in_with(client, key)["Location"] == reverse("account_inactive") and not is_in(client)


def test_it_confirms_the_users_identity(resident: User) -> None:
    key, _added = add(resident)
    client = browser()
    sign_in_with(client, key)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 3600
    session.save()
    asked = client.get(reverse("account_change_password"))["Location"]
    assert asked.startswith(reverse("mfa_reauthenticate"))
    page = client.get(asked)
    given = {"credential": key.get(options_of(page)), "next": reverse("account_change_password")}
    assert client.post(reverse("mfa_reauthenticate_webauthn"), {**given, "credential": "x"})["Location"].startswith(
        asked.split("?")[0]
    )
    assert client.get(reverse("account_change_password")).status_code == 302
    page = client.get(asked)
    given["credential"] = key.get(options_of(page))
    assert client.post(reverse("mfa_reauthenticate_webauthn"), given)["Location"] == reverse("account_change_password")
    assert client.get(reverse("account_change_password")).status_code == 200


def test_only_the_owner_can_rename_or_remove_a_key(resident: User, stranger: User) -> None:
    client = signed_in(resident, client=browser())
    key, _added = add(resident, client)
    row = Authenticator.objects.get(type="webauthn")
    theirs = signed_in(stranger, client=browser())
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert theirs.get(reverse(name, args=[row.pk])).status_code == 404
        assert theirs.post(reverse(name, args=[row.pk]), {"name": "À moi"}).status_code == 404
    client.post(reverse("mfa_edit_webauthn", args=[row.pk]), {"name": "Ordinateur"})
    assert "Ordinateur" in client.get(reverse("mfa_list_webauthn")).content.decode()
    assert client.post(reverse("mfa_edit_webauthn", args=[row.pk]), {"name": ""}).status_code == 400
    client.post(reverse("mfa_remove_webauthn", args=[row.pk]))
    assert not Authenticator.objects.exists(), "recovery codes go with the last one"
    sign_in_with(other := browser(), key)
    assert not is_in(other)


def test_an_agent_keeps_at_least_one_second_factor() -> None:
    agent = AgentFactory(second_factor=False)
    client = signed_in(agent, second_factor=False, client=browser())
    add(agent, client)
    row = Authenticator.objects.get(type="webauthn")
    client.post(reverse("mfa_remove_webauthn", args=[row.pk]))
    assert Authenticator.objects.filter(pk=row.pk).exists()
    add(agent, client)
    client.post(reverse("mfa_remove_webauthn", args=[row.pk]))
    assert not Authenticator.objects.filter(pk=row.pk).exists()


def test_an_agent_can_set_up_a_passkey_as_first_second_factor() -> None:
    client = signed_in(AgentFactory(second_factor=False), second_factor=False, client=browser())
    page = client.get(reverse("admin:index"), follow=True)
    assert reverse("mfa_add_webauthn") in page.content.decode()
    assert client.get(reverse("mfa_add_webauthn")).status_code == 200


def test_adding_one_needs_a_recent_confirmation() -> None:
    client = signed_in(ResidentFactory(), client=browser())
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - 3600}]
    session.save()
    assert client.get(reverse("mfa_add_webauthn"))["Location"].startswith(reverse("account_reauthenticate"))


def test_the_permissions_policy_allows_passkeys() -> None:
    policy = browser().get(reverse("account_login"))["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in policy and "publickey-credentials-create=(self)" in policy
