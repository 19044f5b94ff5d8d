"""Residents and agents: an agent owns no vault and sees no resident; a resident cannot open the admin."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_scopes import get_scope

from accounts.actions import accounts as actions
from accounts.actions import pending
from accounts.middleware import ResidentScopeMiddleware
from accounts.models import Nomination, Organisation, PendingAccount, Role, Session, User
from accounts.two_persons import DECIDING, Lack
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return AgentFactory(manages_agents=True)


def scope_during(user):
    scope = {}
    request = RequestFactory().get("/")
    request.user = user

    def page(request):
        scope.update(get_scope())
        return HttpResponse()

    ResidentScopeMiddleware(page)(request)
    return scope.get("resident")


def test_residents_pages_run_in_their_scope_and_agents_in_none(resident, agent):
    assert scope_during(resident) == resident.pk
    assert scope_during(agent) is None


def test_an_agent_is_refused_on_residents_pages(agent):
    assert signed_in(agent).get(reverse("records:home")).status_code == 403


@pytest.mark.parametrize("name", ["index", "accounts_user_changelist", "accounts_user_add", "core_city_changelist"])
def test_residents_and_visitors_cannot_open_the_admin(resident, name):
    page = reverse(f"admin:{name}")
    assert Client().get(page).status_code == 302
    assert signed_in(resident).get(page, follow=True).status_code == 403


def test_residents_are_not_listed_in_the_admin(manager):
    resident = ResidentFactory(name="Inès Introuvable", email="introuvable@courriel.example")
    client = signed_in(manager)
    listed = client.get(reverse("admin:accounts_user_changelist"), {"q": "introuvable"}).content.decode()
    assert "Inès" not in listed and resident.email not in listed.replace('value="introuvable"', "")
    assert client.get(reverse("admin:accounts_user_change", args=[resident.pk])).status_code == 302
    assert (
        client.post(reverse("admin:accounts_user_change", args=[resident.pk]), {"is_superuser": "on"}).status_code
        == 302
    )
    resident.refresh_from_db()
    assert not resident.is_superuser


def test_tables_that_would_list_residents_are_not_registered():
    for model in (EmailAddress, Authenticator, Group, Session):
        assert not admin.site.is_registered(model)


def added(manager, **data):
    """Add an agent in the admin. Return the page that answers, and the path of the link in the e-mail."""
    answer = signed_in(manager).post(reverse("admin:accounts_user_add"), {"name": "Denis", **data}, follow=True)
    return answer, re.findall(r"https?://[^/\s]+(/connexion/compte/\S+)", str(mail.outbox[-1].body))


def test_a_manager_adds_an_agent_who_opens_their_account_by_the_link(manager):
    _answer, links = added(manager, email="Denis@villebrume.example", at_desk="on")
    assert not User.objects.signing_in_as("denis@villebrume.example").exists()
    assert mail.outbox[-1].to == ["denis@villebrume.example"]
    visitor = Client()
    assert "Denis" in visitor.get(links[0]).content.decode() and not User.objects.filter(name="Denis").exists()
    assert visitor.post(links[0])["Location"] == reverse("account_login")
    denis = User.objects.signing_in_as("denis@villebrume.example").get()
    rights = (denis.is_staff, denis.at_desk, denis.is_resident, denis.is_superuser, denis.has_usable_password())
    assert rights == (True, True, False, False, False)
    assert visitor.post(links[0]).status_code == visitor.get(links[0]).status_code == 410


def test_only_the_owner_of_the_address_learns_that_it_opens_a_vault(manager, resident):
    answer, _links = added(manager, email=resident.email)
    page = answer.content.decode()
    assert "Un e-mail part à cette adresse" in page and "Pas encore ouvert" in page
    assert "cette adresse ouvre déjà votre coffre" in mail.outbox[-1].body
    assert "/connexion/compte/" not in mail.outbox[-1].body


def test_an_address_that_opened_a_vault_meanwhile_opens_no_other_account(manager):
    _answer, links = added(manager, email="denis@villebrume.example")
    denis = ResidentFactory(email="denis@villebrume.example")
    answer = Client().post(links[0])
    assert answer.status_code == 409 and "Il faut une autre adresse" in answer.content.decode()
    denis.refresh_from_db()
    assert not denis.is_staff and PendingAccount.objects.get().opened_at is None


def test_an_address_of_the_lists_is_refused(manager, agent):
    answer = signed_in(manager).post(reverse("admin:accounts_user_add"), {"name": "Denis", "email": agent.email})
    assert answer.status_code == 200 and answer.context["adminform"].form.errors["email"]


def test_a_withdrawn_or_old_offer_opens_nothing(manager, time_machine):
    for end in (
        lambda: pending.withdraw(row=PendingAccount.objects.latest("offered_at"), by=manager),
        lambda: time_machine.move_to(timezone.now() + pending.LASTS),
    ):
        _answer, links = added(manager, email="denis@villebrume.example")
        end()
        assert Client().post(links[0]).status_code == 410
    assert not User.objects.filter(name="Denis").exists()


@pytest.mark.parametrize("by", ["agent", "resident"])
def test_only_managers_offer_accounts(request, by):
    with pytest.raises(PermissionDenied):
        pending.offer(email="z@ville.example", name="Zoé", by=request.getfixturevalue(by), link=str)
    assert not PendingAccount.objects.exists() and not mail.outbox


def test_a_closed_companion_comes_back_elsewhere_with_the_same_address(manager):
    theo, other = CompanionFactory(), Organisation.objects.create(name="Mission locale")
    form = {"name": "Théo", "email": theo.email, "organisation": str(other.pk)}
    client, page = signed_in(manager), reverse("admin:accounts_membership_add")
    assert client.post(page, form).context["adminform"].form.errors["email"], "still at work elsewhere"
    ticked = {"action": "end", "_selected_action": [str(theo.memberships.get().pk)]}
    listed = reverse("admin:accounts_membership_changelist")
    assert "Plus aucun mandat" in client.post(listed, ticked).content.decode()
    assert theo.memberships.current().exists()
    client.post(listed, ticked | {"confirmed": "yes"})
    client.post(page, form)
    assert "pour Mission locale" in mail.outbox[-1].body and mail.outbox[-1].to == [theo.email]
    Client().post(re.findall(r"https?://[^/\s]+(/connexion/compte/\S+)", str(mail.outbox[-1].body))[0])
    assert theo.memberships.current().get().organisation == other
    assert User.objects.filter(email=theo.email).count() == 1


def close(by, agent, **more):
    ticked = {"action": "close", "_selected_action": [str(agent.pk)], **more}
    return signed_in(by).post(reverse("admin:accounts_user_changelist"), ticked, follow=True)


def test_closing_an_account_asks_first_then_ends_sessions_and_roles(manager, agent):
    theirs = signed_in(agent)
    page = close(manager, agent).content.decode()
    assert "Leurs sessions finissent" in page and agent.name in page
    assert theirs.get(reverse("account")).status_code == 200
    assert "est fermé" in close(manager, agent, confirmed="yes").content.decode()
    assert theirs.get(reverse("account")).status_code == 302
    assert not Nomination.objects.filter(person=agent, ended_at=None).exists()
    ticked = {"action": "reopen", "_selected_action": [str(agent.pk)]}
    signed_in(manager).post(reverse("admin:accounts_user_changelist"), ticked)
    agent.refresh_from_db()
    assert agent.is_active and DECIDING.lack(agent) == Lack.NOT_NAMED


def test_the_last_manager_stays(manager):
    assert "dernière personne" in close(manager, manager, confirmed="yes").content.decode()
    manager.refresh_from_db()
    assert manager.is_active and manager.is_superuser
    AgentFactory(manages_agents=True)
    close(manager, manager, confirmed="yes")
    manager.refresh_from_db()
    assert not manager.is_active


def test_a_manager_changes_neither_the_name_nor_the_session_of_an_agent(manager, agent):
    theirs = signed_in(agent)
    page = reverse("admin:accounts_user_change", args=[agent.pk])
    data = {"name": "Chloé B.", "email": "autre@villebrume.example", "is_superuser": "on", "is_dpo": "on"}
    signed_in(manager).post(page, data)
    assert theirs.get(reverse("account")).status_code == 200
    agent.refresh_from_db()
    assert (agent.name, agent.email[:5], agent.is_superuser, agent.is_dpo) == ("Chloé", "agent", False, False)


def test_an_ordinary_agent_does_not_see_the_agents(agent, manager):
    client = signed_in(agent)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    assert client.get(reverse("admin:accounts_user_change", args=[manager.pk])).status_code == 403


def test_accounts_cannot_be_deleted_in_the_admin(manager, agent):
    assert (
        signed_in(manager).post(reverse("admin:accounts_user_delete", args=[agent.pk]), {"post": "yes"}).status_code
        == 403
    )


def test_an_agent_has_exactly_the_listed_permissions(agent, resident):
    assert agent.get_all_permissions() == set()
    assert all(agent.has_perm(right) for right in settings.AGENT_PERMISSIONS)
    assert not agent.has_perm("accounts.change_user") and not agent.has_perm("records.delete_record")
    assert not any(resident.has_perm(right) for right in settings.AGENT_PERMISSIONS)


def test_the_command_removes_the_second_factor_of_agents_only(agent, resident):
    theirs = signed_in(agent)
    call_command("forget_second_factor", agent.email.upper())
    assert not Authenticator.objects.filter(user=agent).exists()
    assert theirs.get(reverse("account"))["Location"].startswith(reverse("account_login"))
    with pytest.raises(CommandError):
        call_command("forget_second_factor", resident.email)


def test_the_first_agent_is_added_by_a_command(capsys):
    call_command("add_agent", "agathe@villebrume.example", "Agathe", "--manages-agents")
    agathe = User.objects.agents().get()
    assert agathe.is_superuser and DECIDING.lack(agathe) == Lack.NOT_SEEN
    call_command("add_agent", "ines@villebrume.example", "Inès", "--officer")
    call_command("add_agent", "denis@villebrume.example", "Denis", "--decides")
    assert User.objects.get(name="Inès").is_dpo and Nomination.objects.get(person__name="Denis").role == Role.SECOND
    with pytest.raises(CommandError):
        call_command("add_agent", "AGATHE@villebrume.example", "Agathe")


def test_a_vault_is_not_opened_without_its_key(monkeypatch):
    """If the key cannot be made, there is no account either: both are in one transaction."""

    def fails(resident_id):
        raise RuntimeError("no keyring")

    monkeypatch.setattr("core.residents.prepare", fails)
    with pytest.raises(RuntimeError):
        actions.register_resident(email="ines@courriel.example", name="Inès")
    assert not User.objects.exists()


def test_registering_twice_gives_the_same_vault_unchanged():
    first = ResidentFactory(email="ines@courriel.example", name="Inès")
    again = actions.register_resident(email="INES@courriel.example ", name="Autre")
    assert (again.pk, again.name) == (first.pk, "Inès")


@pytest.mark.parametrize("word", ["Agathe", "agathe@", "agathe.prevost", "a b@ville.example"])
def test_the_first_agent_s_address_is_an_address(word, db):
    with pytest.raises(CommandError, match="is not an e-mail address"):
        call_command("add_agent", word, "Agathe Prévost")
    assert not User.objects.filter(name="Agathe Prévost").exists()
