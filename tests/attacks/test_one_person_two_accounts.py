"""What one person does with two accounts, or an agent with an account of today, where two persons are promised."""

from contextlib import suppress
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.db import connection
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils import timezone, translation

from accounts.actions import accounts, city_decisions, nominations, notices
from accounts.models import CityDecision, Nomination, Organisation, Role, User
from accounts.two_persons import ACTS, NotTwo
from campaigns.debates.actions import posts
from campaigns.debates.enums import Rule
from campaigns.debates.models import Moderation
from campaigns.plans.actions import campaigns
from certification.labels.models import HolderContact
from core.models import City, HelpPage, LegalPage
from services.places.models import Place
from services.procedures.actions import procedures
from services.requests.enums import State
from services.versions.actions import versions
from tests.accounts.factories import TOTP_SECRET, AgentFactory, signed_in
from tests.attacks.test_people_with_power import made_alone
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.made import EVE, document
from tests.services.procedures.written import document as procedure_document
from tests.services.requests.made import fresh, opened_office, sent
from tests.vault.holders.test_holders import posted
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french_and_fresh_limits():
    cache.clear()
    with translation.override("fr"):
        yield


@pytest.fixture(autouse=True)
def city(db):
    return City.objects.create(
        name="Villebrume",
        of_name="de Villebrume",
        insee="00042",
        phone="01 99 00 12 34",
        dpo_email="donnees@villebrume.example",
        exit_url="https://meteofrance.com/",
    )


@pytest.fixture
def manager(db):
    return AgentFactory(name="Agathe", manages_agents=True)


@pytest.fixture
def stranger(db):
    """An agent whose account is minutes old, without a role."""
    return AgentFactory(name="Zacharie", new=True)


def placed(manager: User, agent: User, office: Organisation, *, decides: bool) -> None:
    """Place an agent in an office, by the admin's page."""
    form = {"person": agent.pk, "organisation": office.pk, "may_decide" if decides else "instructs": "on"}
    signed_in(manager).post(reverse("admin:accounts_officemember_add"), form)


GIVEN = {"proposal": "grant", "reason": "526 € est sous 650 €.", "given": "1,20 € le repas"}


def test_a_manager_alone_grants_no_money_with_an_agent_of_their_making(manager, resident):
    office, zoe = opened_office(), made_alone(manager)
    placed(manager, manager, office, decides=False)
    placed(manager, zoe, office, decides=True)
    request = sent(resident, office)
    for name, form in (("take", {}), ("propose", GIVEN)):
        signed_in(manager).post(reverse(f"requests:{name}", args=[request.pk]), form)
    signed_in(zoe).post(reverse("requests:decide", args=[request.pk]), {"answer": "yes", "shown": "2"})
    assert fresh(request).state != State.GRANTED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", "08 99 99 99 99"),
        ("email", "moi@ailleurs.example"),
        ("address", "12 rue de l’Arnaque"),
        ("dpo_email", "moi@ailleurs.example"),
        ("dpo_contact", "Moi, ailleurs"),
        ("exit_url", "http://ailleurs.example/"),
        ("name", "Autreville"),
    ],
)
@pytest.mark.parametrize("who", ["stranger", "manager"])
def test_nobody_alone_changes_where_residents_call_write_and_leave_to(request, city, who, name, value):
    values = {key: one for key, one in model_to_dict(city).items() if key not in {"logo", "id"}}
    form = {**values, name: value}
    signed_in(request.getfixturevalue(who)).post(reverse("admin:core_city_change", args=[1]), form)
    assert getattr(City.current(), name) == getattr(city, name)


@pytest.mark.parametrize("who", ["stranger", "manager"])
def test_nobody_alone_writes_a_legal_page(request, client, who):
    form = {"slug": LegalPage.Slug.PRIVACY, "text": "Écrivez à moi@ailleurs.example.", "text_en": ""}
    signed_in(request.getfixturevalue(who)).post(reverse("admin:core_legalpage_add"), form)
    assert "moi@ailleurs.example" not in client.get(reverse("privacy")).content.decode()


@pytest.mark.parametrize("who", ["stranger", "manager"])
def test_nobody_alone_changes_where_a_request_of_ones_data_goes(request, who):
    paper_kinds.load()
    holder_catalogue.load()
    holder = Holder.objects.get(code="banque")
    browser = signed_in(request.getfixturevalue(who))
    page = reverse("admin:records_holder_change", args=[holder.pk])
    form = browser.get(page).context["adminform"].form
    filled = posted(form) | {"email": "moi@ailleurs.example", "postal_address": "Moi, ailleurs"}
    assert browser.post(page, filled).status_code == 302
    found = Holder.objects.get(pk=holder.pk)
    assert (found.email, found.postal_address) == (holder.email, holder.postal_address)


@pytest.mark.parametrize("who", ["stranger", "manager"])
def test_nobody_alone_chooses_who_is_told_when_a_service_asks_for_a_holders_data(request, who):
    paper_kinds.load()
    holder_catalogue.load()
    form = {"holder": Holder.objects.all()[0].pk, "email": "moi@ailleurs.example"}
    signed_in(request.getfixturevalue(who)).post(reverse("admin:labels_holdercontact_add"), form)
    assert not HolderContact.objects.filter(email="moi@ailleurs.example").exists()


def test_who_set_a_post_aside_does_not_decide_its_appeal_by_an_account_of_today(stranger, manager):
    post = voted.argument(voted.proposal(given.opened()))
    made = posts.set_aside(post=post, by=manager, rule=Rule.OUTSIDE, reasons="Hors sujet.")
    made.appeal, made.appealed_on = "Non.", timezone.localdate()
    made.save()
    for second in (stranger, made_alone(manager)):
        with suppress(NotTwo):
            posts.decide_appeal(moderation=made, by=second, upheld=False, words="Toujours hors sujet.")
        assert Moderation.objects.get(pk=made.pk).decided_at is None


@pytest.mark.parametrize("whom", ["who approves", "who wrote the plan"])
def test_an_officer_neither_approves_nor_writes_by_an_account_that_they_named_alone(whom):
    """Article 38(6) of the GDPR: whoever gives the opinion on a plan neither wrote it nor decides."""
    author, officer, second = AgentFactory(), AgentFactory(), AgentFactory()
    officer.is_dpo = True
    officer.save()
    named = second if whom == "who approves" else author
    Nomination.objects.filter(person=named).update(proposed_by=officer, confirmed_by=officer)
    plan = campaigns.begin(by=author, template="travel", document=document())
    plan = campaigns.submit(campaign=plan, by=author, today=EVE)
    with pytest.raises(NotTwo):
        campaigns.give_opinion(campaign=plan, by=officer, favourable=True, words="Les cases sont larges.")
        campaigns.approve(campaign=plan, by=second, today=EVE)


@pytest.mark.parametrize("name", ["opening_hours", "opening_hours_en"])
def test_nobody_alone_writes_a_telephone_into_the_opening_hours(manager, city, name):
    values = {key: one for key, one in model_to_dict(city).items() if key not in {"logo", "id"}}
    signed_in(manager).post(reverse("admin:core_city_change", args=[1]), values | {name: "au 08 99 99 99 99"})
    assert getattr(City.current(), name) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Service d’ailleurs"),
        ("helps_with", "Appelez le 08 99 99 99 99"),
        ("address", "12 rue de l’Arnaque"),
        ("phone", "08 99 99 99 99"),
    ],
)
def test_nobody_alone_changes_where_an_office_is_called_and_written_to(manager, name, value):
    office = opened_office()
    form = {key: one for key, one in model_to_dict(office).items() if one is not False} | {name: value}
    assert signed_in(manager).post(reverse("admin:accounts_organisation_change", args=[office.pk]), form).status_code
    assert getattr(Organisation.objects.get(pk=office.pk), name) == getattr(office, name)


def test_nobody_alone_opens_an_office_of_their_making(manager):
    form = {"name": "Bureau des aides", "address": "Chez moi", "phone": "08 99 99 99 99", "receives": "on"}
    signed_in(manager).post(reverse("admin:accounts_organisation_add"), form | {"is_active": "on"})
    assert not Organisation.objects.offices().exists()


@pytest.mark.parametrize("who", ["stranger", "manager"])
@pytest.mark.parametrize("name", ["phone", "street", "note", "website"])
def test_nobody_alone_changes_where_a_place_is(request, who, name):
    place = Place.objects.create(code="mairie", name="La mairie", street="1 place du Lavoir", town="Villebrume")
    page, browser = reverse("admin:places_place_change", args=[place.pk]), signed_in(request.getfixturevalue(who))
    form = posted(browser.get(page).context["adminform"].form) | {name: "https://ailleurs.example/"}
    assert browser.post(page, form).status_code == 302
    assert getattr(Place.objects.get(pk=place.pk), name) == getattr(place, name)


@pytest.mark.parametrize("contact", ["au 08 99 99 99 99", "sur ailleurs.example", "à moi@ailleurs.example", "au 3999"])
def test_a_help_page_has_no_contact_of_its_own(stranger, contact):
    form = {"slug": "nous-joindre", "theme": "compte", "question": "Où appeler ?", "text": f"Répondez {contact}."}
    page = signed_in(stranger).post(reverse("admin:core_helppage_add"), form | {"shown": "on"})
    assert page.status_code == 200 and not HelpPage.objects.exists()


def test_nobody_alone_closes_a_procedure_in_force(manager, stranger):
    paper_kinds.load()
    first = AgentFactory()
    row = versions.try_out(row=procedures.begin(by=first, item=procedure_document()), by=first)
    row = versions.publish(row=row, by=AgentFactory())
    for who in (manager, stranger):
        signed_in(who).post(reverse("procedures:close", args=[row.pk]))
    row.refresh_from_db()
    assert row.is_in_force


def test_two_who_govern_close_a_procedure_and_change_an_office_and_a_place(manager):
    paper_kinds.load()
    first, second = AgentFactory(), AgentFactory(manages_agents=True)
    row = versions.try_out(row=procedures.begin(by=first, item=procedure_document()), by=first)
    row = versions.publish(row=row, by=AgentFactory())
    office, place = opened_office(), Place.objects.create(code="mairie", name="La mairie", town="Villebrume")
    browser = signed_in(manager)
    browser.post(reverse("procedures:close", args=[row.pk]))
    form = {key: one for key, one in model_to_dict(office).items() if one is not False} | {"phone": "04 65 71 20 19"}
    browser.post(reverse("admin:accounts_organisation_change", args=[office.pk]), form)
    page = reverse("admin:places_place_change", args=[place.pk])
    browser.post(page, posted(browser.get(page).context["adminform"].form) | {"street": "2 rue du Pont"})
    for asked in CityDecision.objects.all():
        shown = signed_in(second).get(reverse("city_decision", args=[asked.pk])).content.decode()
        assert any(word in shown for word in ("version 1 fermée", "04 65 71 20 19", "2 rue du Pont"))
        signed_in(second).post(reverse("city_decision", args=[asked.pk]), {"answer": "agree"})
    row.refresh_from_db()
    assert not row.is_in_force and Organisation.objects.get(pk=office.pk).phone == "04 65 71 20 19"
    assert Place.objects.get(pk=place.pk).street == "2 rue du Pont"


def test_an_office_that_one_manager_added_opens_once_another_agrees(manager):
    form = {"name": "Service Sports", "address": "Au stade", "phone": "04 65 71 20 18", "receives": "on"}
    signed_in(manager).post(reverse("admin:accounts_organisation_add"), form | {"is_active": "on"})
    (asked,) = CityDecision.objects.all()
    signed_in(AgentFactory(manages_agents=True)).post(reverse("city_decision", args=[asked.pk]), {"answer": "agree"})
    assert Organisation.objects.offices().get().phone == "04 65 71 20 18"


def test_a_manager_gives_an_agent_no_name_of_a_colleague(manager, stranger):
    form = {"name": manager.name, "at_desk": ""}
    signed_in(manager).post(reverse("admin:accounts_user_change", args=[stranger.pk]), form)
    assert User.objects.get(pk=stranger.pk).name == "Zacharie"


def seen(person: User, by: User) -> None:
    """Renew an agent's second factor in front of `by`."""
    code = nominations.begin_presence(nomination=person.nominations.filter(ended_at=None)[0], by=by)
    nominations.type_code(person=person, code=code, current_key=None)
    TOTP.activate(person, TOTP_SECRET)


def confirmed(person: User, role: Role, *, by: User, proposed_by: User) -> None:
    nominations.propose(person=person, role=role, employer="", by=proposed_by)
    seen(person, by)
    person.refresh_from_db()


def aged(person: User) -> None:
    Nomination.objects.filter(person=person).update(confirmed_at=timezone.now() - timedelta(days=8))


def test_a_manager_of_today_whom_one_person_saw_makes_nobody_seen_by_two(manager):
    camille = AgentFactory(name="Camille", manages_agents=True)
    zoe, yann = (AgentFactory(name=name, new=True) for name in ("Zoé", "Yann"))
    confirmed(zoe, Role.SECOND, by=manager, proposed_by=camille)
    aged(zoe)
    confirmed(yann, Role.MANAGER, by=manager, proposed_by=camille)
    for age in (lambda who: None, aged):
        age(yann)
        seen(zoe, yann)
        with pytest.raises(NotTwo):
            ACTS["urgent_access"].require(zoe, manager)


def test_a_manager_of_today_is_not_somebody_else_who_saw_an_agent(manager):
    camille, zoe, yann = AgentFactory(manages_agents=True), AgentFactory(new=True), AgentFactory(new=True)
    confirmed(zoe, Role.SECOND, by=manager, proposed_by=camille)
    aged(zoe)
    confirmed(yann, Role.MANAGER, by=camille, proposed_by=manager)
    seen(zoe, yann)
    with pytest.raises(NotTwo):
        ACTS["urgent_access"].require(zoe, manager)
    aged(yann)
    seen(zoe, yann)
    ACTS["urgent_access"].require(zoe, manager)


def test_an_agent_whom_two_saw_stays_so_once_one_of_them_confirms_another_role(manager):
    camille, zoe = AgentFactory(name="Camille", manages_agents=True), AgentFactory(new=True)
    confirmed(zoe, Role.SECOND, by=manager, proposed_by=camille)
    aged(zoe)
    seen(zoe, camille)
    ACTS["urgent_access"].require(zoe, manager)
    seen(zoe, manager)
    ACTS["urgent_access"].require(zoe, manager)


@pytest.mark.parametrize("way", ["ends the roles", "closes the accounts"])
def test_who_ends_the_others_who_govern_does_it_under_their_eyes(manager, mailoutbox, way):
    camille, diane = AgentFactory(name="Camille", manages_agents=True), AgentFactory(name="Diane", new=True)
    for who, role in ((camille, Role.MANAGER), (diane, Role.OFFICER)):
        nominations.name_by_operator(person=who, role=role)
        if way == "closes the accounts":
            accounts.close_agent(agent=who, by=manager)
    if way == "ends the roles":
        for one in Nomination.objects.filter(person__in=[camille, diane]):
            nominations.end(nomination=one, by=manager)
    notices.notify_decisions()
    told = [mail.to[0] for mail in mailoutbox]
    assert told.count(diane.email) == (2 if way == "ends the roles" else 1)
    assert {*told} == {manager.email, camille.email, diane.email}


def test_a_second_person_reads_that_another_refused_the_same(manager):
    camille, diane = (AgentFactory(name=name, manages_agents=True) for name in ("Camille", "Diane"))
    for value in ("06 99 99 99 99", "06 99 99 99 98"):
        asked = city_decisions.change(what="phone", value=value, by=manager)
        assert asked is not None
        page = signed_in(diane).get(reverse("city_decision", args=[asked.pk])).content.decode()
        assert ("Déjà refusé" in page) == (value == "06 99 99 99 98")
        city_decisions.decide(decision=asked, by=camille, agree=False)
    assert f"par Camille, {camille.email}, le" in page and "06 99 99 99 99" in page
    zoe = AgentFactory(new=True)
    for count in range(2):
        named = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
        page = signed_in(diane).get(reverse("nomination", args=[named.pk])).content.decode()
        assert ("Déjà refusé" in page) == bool(count)
        nominations.end(nomination=named, by=camille)
    assert f"par Camille, {camille.email}, le" in page


@pytest.mark.parametrize("hidden", ["SET agreed = true", "SET decided_at = '2020-01-01'"])
def test_a_refusal_hidden_in_the_database_is_not_missed(manager, hidden):
    camille, diane = (AgentFactory(name=name, manages_agents=True) for name in ("Camille", "Diane"))
    refused = city_decisions.change(what="phone", value="06 99 99 99 99", by=manager)
    assert refused is not None
    city_decisions.decide(decision=refused, by=camille, agree=False)
    asked = city_decisions.change(what="phone", value="06 99 99 99 98", by=manager)
    assert asked is not None
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_citydecision {hidden} WHERE id = %s", [refused.pk])
    assert signed_in(diane).get(reverse("city_decision", args=[asked.pk])).status_code == 503


@pytest.mark.parametrize("hidden", ["SET ended_by_id = proposed_by_id", "SET confirmed_at = now()"])
def test_a_refused_nomination_hidden_in_the_database_is_not_missed(manager, hidden):
    camille, diane = (AgentFactory(name=name, manages_agents=True) for name in ("Camille", "Diane"))
    zoe = AgentFactory(new=True)
    ended = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    nominations.end(nomination=ended, by=camille)
    named = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_nomination {hidden} WHERE id = %s", [ended.pk])
    assert signed_in(diane).get(reverse("nomination", args=[named.pk])).status_code == 503


def test_nobody_alone_makes_others_too_new_to_decide(manager):
    camille, diane = (AgentFactory(manages_agents=True) for _ in range(2))
    Nomination.objects.filter(person__in=[camille, diane]).update(confirmed_at=timezone.now() - timedelta(days=20))
    signed_in(manager).post(reverse("city_choice"), {"emergency": "0", "days": "30"})
    ACTS["city_setting"].require(camille, diane)
