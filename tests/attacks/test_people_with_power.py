"""What a careless or dishonest manager, agent or companion can do alone, played through the pages."""

import re
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.forms.models import model_to_dict
from django.test import RequestFactory
from django.urls import reverse
from django.utils.functional import Promise
from django_scopes import scope, scopes_disabled

from accounts.actions import city_decisions, identities, places
from accounts.models import CityDecision, FactorReset, Organisation, Sheet, SheetClosing, User
from accounts.sign_in.openid import Identity
from core.admin import CityForm
from core.models import City, Job
from tests.accounts.factories import TOTP_SECRET, AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.ui.pages import text
from tests.vault.at_desk import visited
from tests.vault.entrusted import entrusted, place_at
from tests.vault.urgent import REASON, offered
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Grant, Holder, PaperKind
from vault.sharing.models import EmergencyAccess

pytestmark = pytest.mark.django_db
USERS = "admin:accounts_user"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture(autouse=True)
def kinds(db):
    paper_kinds.load()
    holder_catalogue.load()


@pytest.fixture
def city(db):
    return City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")


@pytest.fixture
def manager(db):
    return AgentFactory(name="Agathe", manages_agents=True)


def made_alone(manager: User) -> User:
    """Make “Zoé” as a manager alone: by the admin's page, then with the mailbox and the telephone of the manager."""
    signed_in(manager).post(
        reverse(f"{USERS}_add"),
        {"name": "Zoé", "email": "zoe@villebrume.example", "is_active": "on", "is_superuser": "on", "is_dpo": "on"},
    )
    for found in re.findall(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body) if mail.outbox else ""):
        signed_in(manager).post(found)
    zoe = User.objects.get(email="zoe@villebrume.example")
    TOTP.activate(zoe, TOTP_SECRET)
    return zoe


def asked_by(agent: User, resident: User) -> EmergencyAccess | None:
    form = {"written": resident.email, "reason": REASON, "items": ["home"], "minutes": "15"}
    signed_in(agent).post(reverse("sharing:ask_emergency"), form)
    with scopes_disabled():
        return EmergencyAccess.objects.first()


@pytest.mark.parametrize("zoe_asks", [False, True])
def test_a_manager_alone_opens_no_vault_with_an_agent_of_their_making(manager, resident, zoe_asks):
    offered()
    zoe = made_alone(manager)
    first, second = (zoe, manager) if zoe_asks else (manager, zoe)
    access = asked_by(first, resident)
    if access is not None:
        signed_in(second).post(reverse("sharing:decide_emergency", args=[access.pk]), {"answer": "agree"})
    with scopes_disabled():
        assert not Grant.objects.exists()


@pytest.mark.parametrize("zoe_asks", [False, True])
def test_a_manager_alone_removes_no_second_factor(manager, zoe_asks):
    person = ResidentFactory(email="odile@courriel.example")
    TOTP.activate(person, TOTP_SECRET)
    zoe = made_alone(manager)
    first, second = (zoe, manager) if zoe_asks else (manager, zoe)
    form = {"written": person.email, "reason": "lost", "seen": "on"}
    signed_in(first).post(reverse("admin:accounts_factorreset_add"), form)
    asked = [str(reset.pk) for reset in FactorReset.objects.all()]
    ticked = {"action": "agree", "confirmed": "yes", "_selected_action": asked}
    signed_in(second).post(reverse("admin:accounts_factorreset_changelist"), ticked)
    assert Authenticator.objects.filter(user=person).exists()


def test_a_manager_alone_makes_no_manager_and_no_officer(manager):
    zoe = made_alone(manager)
    form = {"name": zoe.name, "email": zoe.email, "is_active": "on", "is_superuser": "on", "is_dpo": "on"}
    signed_in(manager).post(reverse(f"{USERS}_change", args=[zoe.pk]), form)
    zoe.refresh_from_db()
    assert not zoe.is_superuser and not zoe.is_dpo


def test_a_manager_cannot_move_an_agents_account_to_an_address_of_theirs(manager, agent):
    form = {"name": agent.name, "email": "moi@villebrume.example", "is_active": "on"}
    signed_in(manager).post(reverse(f"{USERS}_change", args=[agent.pk]), form)
    assert User.objects.get(pk=agent.pk).email == agent.email


def test_one_agent_cannot_switch_urgent_access_on(manager, city):
    values = {name: value for name, value in model_to_dict(city).items() if name not in {"logo", "id"}}
    page = reverse("admin:core_city_change", args=[1])
    signed_in(manager).post(page, {**values, "emergency_access": "on"})
    assert not City.current().emergency_access


def test_an_agent_who_saves_the_city_meanwhile_does_not_switch_urgent_access_on_again(manager, city, monkeypatch):
    """The form was read while it was on; another person switches it off before the form is saved."""
    offered()
    values = {name: value for name, value in model_to_dict(City.current()).items() if name not in {"logo", "id"}}

    def switched_off_meanwhile(form: CityForm) -> None:
        city_decisions.change(what=CityDecision.What.EMERGENCY, value=0, by=manager)

    monkeypatch.setattr(CityForm, "clean", switched_off_meanwhile)
    page = reverse("admin:core_city_change", args=[1])
    assert signed_in(AgentFactory()).post(page, {**values, "radius": 9}).status_code == 302
    found = City.current()
    assert (found.radius, found.emergency_access) == (9, False)


@pytest.mark.parametrize("change", [{"is_active": ""}, {"is_superuser": ""}])
def test_the_last_manager_cannot_close_or_demote_themself(manager, change):
    form = {"name": manager.name, "email": manager.email, "is_active": "on", "is_superuser": "on"} | change
    signed_in(manager).post(reverse(f"{USERS}_change", args=[manager.pk]), form)
    manager.refresh_from_db()
    assert manager.is_active and manager.is_superuser


@pytest.mark.parametrize("page", ["accounts_user", "accounts_membership"])
@time_machine.travel("2026-11-25T10:00:30+01:00", tick=False)
def test_adding_an_account_does_not_tell_who_has_a_vault(manager, resident, page):
    place = Organisation.objects.create(name="Mission locale")
    client = signed_in(manager)

    def answer(email):
        """Return the way and the words of the answer and of the list, without the address; undo it all."""
        form = {"name": "Zoé", "email": email, "is_active": "on", "organisation": str(place.pk)}
        with transaction.atomic():
            said = client.post(reverse(f"admin:{page}_add"), form, follow=True)
            shown = text(said) + text(client.get(reverse(f"admin:{page}_changelist")))
            transaction.set_rollback(True)
        return said.redirect_chain, shown.replace(email, "")

    assert answer(resident.email) == answer("personne@courriel.example")


def test_asking_to_reset_a_factor_does_not_tell_who_has_a_vault(resident):
    client, known = signed_in(AgentFactory()), ResidentFactory(email="odile@courriel.example")
    TOTP.activate(known, TOTP_SECRET)
    seen = []
    for written in (known.email, resident.email, "orane@courriel.example", known.reference, "FFFFFFFF"):
        form = {"written": written, "reason": "lost", "seen": "on"}
        said = client.post(reverse("admin:accounts_factorreset_add"), form, follow=True)
        seen.append((said.status_code, "errornote" in said.content.decode(), FactorReset.objects.count()))
    assert [one[:2] for one in seen] == [(200, False)] * 5 and [one[2] for one in seen] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("model", [PaperKind, Holder])
def test_a_manager_cannot_delete_what_residents_rows_name(manager, model):
    row = model.objects.first()
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
    assert signed_in(manager).post(page, {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_an_agent_takes_over_no_vault_that_only_franceconnect_opens(manager):
    """With an appointment's code, they try each page that serves who has only a printed sheet."""
    identity = Identity("franceconnect", "une", "eidas1")
    owner = identities.open_vault_with(identity=identity, name="Awa Diallo", contact_email="")
    _agent, client, visit = visited(owner, "home")
    page = client.get(reverse("sharing:desk_visit", args=[visit.pk])).content.decode()
    for name, form in (
        ("desk_sheet", {}),
        ("desk_mandate", {}),
        ("desk_close", {"present": "on", "step": "ask"}),
        ("desk_keep", {}),
    ):
        address = reverse(f"sharing:{name}", args=[visit.pk])
        assert address not in page and client.post(address, form).status_code == 403, name
    owner.refresh_from_db()
    assert not Sheet.objects.exists() and not SheetClosing.objects.exists() and owner.closes_at is None


def test_a_companion_gives_a_mandate_back(resident):
    companion = CompanionFactory()
    mandate = entrusted(resident, companion, "home")
    client = signed_in(companion)
    page = client.get(reverse("sharing:accompanied", args=[mandate.pk])).content.decode()
    way = re.search(r'href="(/accompagnement/[0-9a-f-]{36}/rendre/)"', page)
    assert way and client.get(way[1]).status_code == 200
    assert client.post(way[1]).status_code == 302
    with scope(resident=resident.pk):
        assert not Grant.objects.standing().exists()


def test_a_visit_left_without_a_word_has_ended_in_the_residents_shares_at_once(resident):
    browser = signed_in(resident)
    _agent, client, _visit = visited(resident, "home")
    way_to_stop = re.compile(r"/partages/[0-9a-f-]{36}/arreter/")
    assert way_to_stop.search(browser.get(reverse("sharing:shares")).content.decode())
    client.post(reverse("account_logout"))
    assert not way_to_stop.search(browser.get(reverse("sharing:shares")).content.decode())


def test_a_closed_companion_comes_back_in_another_organisation(manager):
    companion = CompanionFactory()
    places.end(place=place_at(companion))
    other = Organisation.objects.create(name="Mission locale")
    form = {"name": companion.name, "email": companion.email, "organisation": str(other.pk)}
    answer = signed_in(manager).post(reverse("admin:accounts_membership_add"), form, follow=True)
    assert answer.status_code == 200 and "errornote" not in answer.content.decode()


def columns(view: Any, request) -> set[str]:
    names = {*view.get_list_display(request), *view.get_readonly_fields(request)}
    return names | {name for _title, part in view.get_fieldsets(request) for name in part["fields"]}


def test_no_word_of_the_code_is_on_a_page_of_the_admin(manager):
    """Each column and field has words of its own, in the reader's language, and so has its help."""
    request = RequestFactory().get("/admin/")
    request.user = manager
    wrong = []
    for model, view in admin.site._registry.items():
        for name in columns(view, request) & {field.name for field in model._meta.get_fields()}:
            field: Any = model._meta.get_field(name)
            if not isinstance(field.verbose_name, Promise):
                wrong.append(f"{model._meta.label}.{name}: {field.verbose_name}")
            if field.help_text and not isinstance(field.help_text, Promise):
                wrong.append(f"{model._meta.label}.{name}: {field.help_text}")
    assert not wrong, "\n".join(wrong)


def test_the_list_of_jobs_names_no_function(manager, resident):
    with scope(resident=resident.pk):
        job = Job.objects.create(resident_id=resident.pk, kind="read_paper", subject_id=resident.pk, purpose="x")
    client = signed_in(manager)
    for page in ("/admin/core/job/", f"/admin/core/job/{job.pk}/change/"):
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", text(client.get(page)))
