"""What one dishonest manager does to a publisher, a holder that sends, an office's ticks and its silence."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.forms.models import model_to_dict
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation
from django_scopes import scope

from accounts.models import CityDecision, Organisation, PendingAccount, PublisherMember, User
from core.models import City
from services.procedures.actions import procedures
from services.requests.actions import answering
from services.requests.presenting import words
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification import made
from tests.services.procedures.written import document
from tests.services.requests.made import fresh, member, opened_office, sent
from vault.holders.models import Sender
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder

pytestmark = pytest.mark.django_db
MINE = {"name": "Support", "email": "moi@ailleurs.example", "role": "owner"}


@pytest.fixture(autouse=True)
def _french_and_fresh_limits():
    cache.clear()
    with translation.override("fr"):
        City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 12 34")
        yield


@pytest.fixture
def manager(db):
    return AgentFactory(name="Agathe", manages_agents=True)


@pytest.fixture
def house(db):
    house = made.publisher()
    made.member(house)
    return house


def agreed() -> str:
    """Have another manager read and accept the one decision that waits. Return what they read."""
    [asked] = CityDecision.objects.filter(decided_at=None)
    browser = signed_in(AgentFactory(manages_agents=True))
    shown: str = browser.get(reverse("city_decision", args=[asked.pk])).content.decode()
    browser.post(reverse("city_decision", args=[asked.pk]), {"answer": "agree"})
    return shown


def changed(manager: User, house, **values: str):
    form = {"name": house.name, "siret": house.siret, "is_active": "on" if house.is_active else ""} | values
    form = {name: value for name, value in form.items() if value}
    signed_in(manager).post(reverse("admin:accounts_publisher_change", args=[house.pk]), form)
    return type(house).objects.get(pk=house.pk)


def test_nobody_alone_joins_a_publisher_that_has_a_member(manager, house, mailoutbox):
    page = reverse("admin:accounts_publishermember_add")
    signed_in(manager).post(page, MINE | {"publisher": house.pk})
    assert not PendingAccount.objects.exists() and not mailoutbox


def test_nobody_alone_offers_a_second_account_before_the_first_is_opened(manager):
    house, page = made.publisher(), reverse("admin:accounts_publishermember_add")
    for form in (MINE | {"email": "odile@untoit.example"}, MINE):
        signed_in(manager).post(page, form | {"publisher": house.pk})
    assert [row.email for row in PendingAccount.objects.all()] == ["odile@untoit.example"]


def test_two_who_govern_add_a_member_and_its_members_are_told(
    manager, house, mailoutbox, django_capture_on_commit_callbacks
):
    signed_in(manager).post(reverse("admin:accounts_publishermember_add"), MINE | {"publisher": house.pk})
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        shown = agreed()
    assert "moi@ailleurs.example" in shown and house.name in shown
    assert PendingAccount.objects.get().offered_by == manager
    assert {one for letter in mailoutbox for one in letter.to} >= {
        "moi@ailleurs.example",
        PublisherMember.objects.get().person.email,
    }


def test_nobody_alone_renames_a_publisher(manager, house):
    assert changed(manager, house, name="Caisse d’allocations familiales").name == house.name
    agreed()
    house.refresh_from_db()
    assert house.name == "Caisse d’allocations familiales"


def test_one_who_governs_closes_a_publisher_and_two_reopen_it(manager, house):
    house = changed(manager, house, is_active="")
    assert not house.is_active
    assert not changed(manager, house, is_active="on").is_active
    agreed()
    house.refresh_from_db()
    assert house.is_active


def test_nobody_alone_lets_a_service_send_under_a_holders_name(manager, house):
    holder_catalogue.load()
    one = made.service(house.members.get().person, house)
    holder = Holder.objects.get(code="dgfip")
    form = {"holder": holder.pk, "service": one.pk, "types": ["fiscal.avis_ir"], "rhythm": "daily", "public_key": ""}
    signed_in(manager).post(reverse("admin:holders_sender_add"), form)
    assert not Sender.objects.exists()
    shown = agreed()
    assert all(word in shown for word in (holder.name, one.name, house.name, house.siret))
    sender = Sender.objects.get()
    assert (sender.holder, sender.types, sender.service_id) == ("dgfip", ["fiscal.avis_ir"], one.pk)


@pytest.mark.parametrize("tick", ["receives", "answers_help", "accompanies"])
def test_nobody_alone_makes_an_office_of_an_organisation(manager, tick):
    one = Organisation.objects.create(
        name="Entraide", address="3 place du Lavoir", phone="04 65 71 20 18", accompanies=False
    )
    form = {name: value for name, value in model_to_dict(one).items() if value is not False} | {tick: "on"}
    signed_in(manager).post(reverse("admin:accounts_organisation_change", args=[one.pk]), form)
    assert not getattr(Organisation.objects.get(pk=one.pk), tick)
    agreed()
    assert getattr(Organisation.objects.get(pk=one.pk), tick)


def late(resident: User, time_machine, callbacks, *, left: bool, by: User):
    """Return a request whose office had its month; `left`: one manager ended its places on the first day."""
    paper_kinds.load()
    first, delay = AgentFactory(), document()["decision_delay"]
    written = document() | {"code": "ville_cantine"}
    written["decision_delay"] = delay | {"months": 1, "silence_means": "accepted"}
    versions.publish(row=versions.try_out(row=procedures.begin(by=first, item=written), by=first), by=AgentFactory())
    office = opened_office()
    people = [member(office, "Camille"), member(office, "Diane", instructs=False, may_decide=True)]
    request = sent(resident, office)
    if left:
        form = {"action": "end", "_selected_action": [one.pk for one in people], "confirmed": "1"}
        signed_in(by).post(reverse("admin:accounts_officemember_changelist"), form)
    time_machine.move_to(timezone.now() + timedelta(days=40), tick=False)
    with callbacks(execute=True):
        answering.follow()
    return fresh(request)


def test_an_office_that_nobody_is_left_in_gives_no_attested_grant(
    manager, time_machine, mailoutbox, django_capture_on_commit_callbacks
):
    resident = ResidentFactory()
    row = late(resident, time_machine, django_capture_on_commit_callbacks, left=True, by=manager)
    with scope(resident=resident.pk):
        said = words.gist(row, row.clock())
    assert "atteste pas" in said and row.organisation.phone in said
    assert manager.email in {one for letter in mailoutbox for one in letter.to}
    # Also once somebody works there again.
    member(row.organisation, "Zoé")
    member(row.organisation, "Yann", instructs=False, may_decide=True)
    with scope(resident=resident.pk):
        assert "atteste pas" in words.gist(fresh(row), row.clock())


def test_the_silence_of_an_office_where_two_may_answer_grants(
    manager, time_machine, django_capture_on_commit_callbacks
):
    resident = ResidentFactory()
    row = late(resident, time_machine, django_capture_on_commit_callbacks, left=False, by=manager)
    with scope(resident=resident.pk):
        assert "Le service l’atteste" in words.gist(row, row.clock())


def test_whoever_answers_for_a_publisher_still_invites_alone(house):
    owner = house.members.get().person
    signed_in(owner).post(
        reverse("developers:invite_member"), {"name": "Noé", "email": "noe@untoit.example", "role": "dpo"}
    )
    assert PendingAccount.objects.get().offered_by == owner
    assert not CityDecision.objects.exists() and Browser().get(reverse("home")).status_code == 200
