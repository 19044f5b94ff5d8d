"""Residents and agents: an agent owns no vault and sees no resident; a resident cannot open the admin."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django_scopes import get_scope

from accounts.actions import accounts as actions
from accounts.middleware import ResidentScopeMiddleware
from accounts.models import Session, User
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in

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


def test_a_manager_adds_an_agent_who_signs_in_by_code(manager):
    client = signed_in(manager)
    data = {"name": "Denis", "email": "Denis@villebrume.example", "is_active": "on"}
    assert client.post(reverse("admin:accounts_user_add"), data).status_code == 302
    denis = User.objects.signing_in_as("denis@villebrume.example").get()
    assert (denis.is_staff, denis.is_resident, denis.is_superuser, denis.has_usable_password()) == (
        True,
        False,
        False,
        False,
    )


def test_an_agent_cannot_take_the_address_of_a_resident(manager, resident):
    response = signed_in(manager).post(
        reverse("admin:accounts_user_add"), {"name": "Denis", "email": resident.email, "is_active": "on"}
    )
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["email"]


@pytest.mark.parametrize("change", [{"is_active": ""}, {"email": "autre@villebrume.example"}, {"is_superuser": "on"}])
def test_changing_an_agents_rights_ends_their_sessions(manager, agent, change):
    theirs = signed_in(agent)
    data = {"name": agent.name, "email": agent.email, "is_active": "on"} | change
    assert signed_in(manager).post(reverse("admin:accounts_user_change", args=[agent.pk]), data).status_code == 302
    assert theirs.get(reverse("account")).status_code == 302


def test_changing_only_the_name_ends_no_session(manager, agent):
    theirs = signed_in(agent)
    signed_in(manager).post(
        reverse("admin:accounts_user_change", args=[agent.pk]),
        {"name": "Chloé B.", "email": agent.email, "is_active": "on"},
    )
    assert theirs.get(reverse("account")).status_code == 200


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
    assert User.objects.agents().get().is_superuser
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
