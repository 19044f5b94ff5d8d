"""ProConnect for agents. It needs an account made by an administrator, an invitation, and the invited address."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.actions import identities
from accounts.models import User
from accounts.sign_in import openid
from accounts.sign_in.openid import Identity
from tests.accounts.factories import AgentFactory, signed_in
from tests.accounts.oidc import engines
from tests.accounts.oidc.engines import Demonstration

pytestmark = pytest.mark.django_db
AGATHE = "agathe@villebrume.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Demonstration]:
    with engines.demonstration("proconnect") as engine:
        yield engine


@pytest.fixture
def engine(running: Demonstration, settings: Any) -> Demonstration:
    settings.SOCIALACCOUNT_PROVIDERS = engines.provider(running, "proconnect")
    cache.clear()
    openid._documents.clear()
    return running


@pytest.fixture
def agathe(engine: Demonstration) -> User:
    return AgentFactory(email=AGATHE, name="Agathe")


def go(client: Client, engine: Demonstration, address: str, person: str, **data: str) -> Any:
    page = client.post(address, data)
    assert page.status_code == 200, page.status_code
    out = str(html.fromstring(page.content).xpath("string(//main//a[@class='civic-go']/@href)"))
    return client.get(engine.sign_in(out, person=person))


def invite(agent: User) -> str:
    """Invite an agent as an administrator does, and return the e-mail's URL."""
    boss = AgentFactory(manages_agents=True)
    chosen = {"action": "invite_to_proconnect", "_selected_action": [str(agent.pk)]}
    signed_in(boss).post(reverse("admin:accounts_user_changelist"), chosen)
    assert mail.outbox[-1].to == [agent.email]
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_only_who_manages_agents_invites(agathe: User) -> None:
    with pytest.raises(PermissionDenied):
        identities.invite(agent=agathe, by=AgentFactory())


def test_an_unknown_proconnect_account_never_becomes_an_agent(engine: Demonstration, agathe: User) -> None:
    """It is refused even with an agent's address."""
    client = Client()
    for person in ("agathe-mfa", "ailleurs"):
        back = go(client, engine, reverse("proconnect_login"), person)
        assert back.status_code == 403 and "invitation" in back.content.decode()
    assert client.get(reverse("admin:index")).status_code == 302
    assert not SocialAccount.objects.exists() and User.objects.count() == 1


def test_parameters_sent_to_proconnect(engine: Demonstration) -> None:
    page = Client().post(reverse("proconnect_login") + "?auth_params=acr_values%3Dx&scope=siret&prompt=none")
    parameters = engines.parameters_of(
        str(html.fromstring(page.content).xpath("string(//main//a[@class='civic-go']/@href)"))
    )
    assert set(parameters) == {"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "claims"}
    assert set(parameters["scope"].split()) == {"openid", "email"} and '"amr"' in parameters["claims"]
    assert len(parameters["state"]) >= 32 and len(parameters["nonce"]) >= 32


def test_an_invited_agent_links_it_once_and_signs_in_with_it(engine: Demonstration, agathe: User) -> None:
    link = invite(agathe)
    client = Client()
    assert client.get(link).status_code == 200 and not SocialAccount.objects.exists(), "opening the link does nothing"
    go(client, engine, link, "agathe-mfa")
    assert client.get(reverse("admin:index")).status_code == 200, "a second factor given there counts here"
    assert Client().get(link).status_code == 410, "once"
    again = Client()
    go(again, engine, reverse("proconnect_login"), "agathe-mfa")
    assert again.get(reverse("admin:index")).status_code == 200


def test_without_a_second_factor_at_proconnect_ours_is_required(engine: Demonstration, agathe: User) -> None:
    client = Client()
    back = go(client, engine, invite(agathe), "agathe")
    assert back["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("admin:index")).status_code == 302
    newly = AgentFactory(email="nouvel@villebrume.example", second_factor=False)
    identities.link(user=newly, identity=Identity("proconnect", engine.provider.sub("ailleurs")))
    other = Client()
    go(other, engine, reverse("proconnect_login"), "ailleurs")
    assert (
        other.get(reverse("admin:index"), follow=True).redirect_chain[-1][0].startswith(reverse("mfa_activate_totp"))
    )


def test_an_invitation_is_valid_only_for_its_address(engine: Demonstration, agathe: User) -> None:
    link = invite(agathe)
    assert go(Client(), engine, link, "ailleurs").status_code == 403
    assert not SocialAccount.objects.exists()
    go(Client(), engine, link, "agathe")
    assert SocialAccount.objects.get().user == agathe, "whom it was for can still use it"


def test_an_invitation_ends_after_a_week_or_with_the_next_one(engine: Demonstration, agathe: User) -> None:
    first, second = invite(agathe), invite(agathe)
    assert Client().get(first).status_code == 410 and Client().get(second).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=True):
        assert Client().get(second).status_code == 410


def test_an_invitation_of_a_closed_account_is_invalid(engine: Demonstration, agathe: User) -> None:
    link = invite(agathe)
    User.objects.filter(pk=agathe.pk).update(is_active=False)
    assert Client().get(link).status_code == 410


def test_a_closed_account_cannot_sign_in(engine: Demonstration, agathe: User) -> None:
    go(Client(), engine, invite(agathe), "agathe-mfa")
    User.objects.filter(pk=agathe.pk).update(is_active=False)
    for person in ("agathe", "agathe-mfa"):
        client = Client()
        assert go(client, engine, reverse("proconnect_login"), person)["Location"] == reverse("account_inactive")
        assert client.get(reverse("admin:index")).status_code == 302


def test_the_invitations_token_is_not_in_the_database(engine: Demonstration, agathe: User) -> None:
    from accounts.models import Invitation

    token = invite(agathe).rstrip("/").rpartition("/")[2]
    assert token not in str(Invitation.objects.values().get())


def test_only_agents_who_manage_agents_can_invite(engine: Demonstration, agathe: User) -> None:
    chosen = {"action": "invite_to_proconnect", "_selected_action": [str(agathe.pk)]}
    assert signed_in(AgentFactory()).post(reverse("admin:accounts_user_changelist"), chosen).status_code == 403
    assert mail.outbox == []
