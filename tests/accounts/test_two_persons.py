"""Decisions that take two persons: who may be one of the two, how an agent is named, what the city chooses."""

import re
from contextlib import nullcontext
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions import accounts, city_decisions, nominations, notices
from accounts.models import CityDecision, Nomination, Role
from accounts.models.decisions import MOST_DAYS
from accounts.two_persons import DECIDING, GOVERNING, PRESENCE, Lack, NotTwo, label
from accounts.views import two_persons_words as words
from core import rows
from core.models import City, LegalPage
from core.models.city import TRUSTED
from core.models.rows import mac_of
from tests.accounts.factories import TOTP_SECRET, AgentFactory, established, signed_in

pytestmark = pytest.mark.django_db
What = CityDecision.What


@pytest.fixture(autouse=True)
def city(db):
    return City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")


@pytest.fixture
def manager():
    return AgentFactory(name="Agathe", manages_agents=True)


@pytest.fixture
def other():
    return AgentFactory(name="Hugo", manages_agents=True)


@pytest.fixture
def officer():
    agent = AgentFactory(name="Inès", new=True)
    agent.is_dpo = True
    agent.save()
    established(agent, Role.OFFICER)
    Nomination.objects.filter(person=agent).update(seen_at=timezone.now() - timedelta(minutes=1))
    return agent


@pytest.fixture
def zoe():
    return AgentFactory(name="Zoé", new=True)


def lack(first, second, rule=DECIDING):
    with pytest.raises(NotTwo) as problem:
        rule.require(first, second)
    return problem.value.lack


def named(zoe, by, *, role=Role.SECOND, confirmed_by=None):
    """Name an agent by the verbs, who sets their second factor up at once."""
    made = nominations.propose(person=zoe, role=role, employer="", by=by)
    code = nominations.begin_presence(nomination=made, by=confirmed_by or by)
    nominations.type_code(person=zoe, code=code, current_key=None)
    TOTP.activate(zoe, TOTP_SECRET)
    return made


# Who may be one of the two


def test_two_established_agents_decide_together(agent, manager, officer):
    for second in (manager, officer, AgentFactory()):
        DECIDING.require(agent, second)
        DECIDING.require(second, agent)


def test_one_person_is_not_two(manager):
    assert lack(manager, manager) == Lack.SAME


def test_each_of_the_two_must_be_established(agent, zoe):
    assert lack(agent, zoe) == lack(zoe, agent) == Lack.NOT_NAMED


def test_a_nomination_counts_after_the_citys_days(agent, zoe, city):
    one = established(zoe, days=7)
    DECIDING.require(agent, zoe)
    Nomination.objects.filter(pk=one.pk).update(confirmed_at=timezone.now() - timedelta(days=6, hours=23))
    assert lack(agent, zoe) == Lack.TOO_NEW
    city.days_before_deciding = 6
    city.save()
    DECIDING.require(agent, zoe)


def test_the_city_waits_a_day_at_least(city):
    city.days_before_deciding = 0
    with pytest.raises(ValidationError):
        city.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        City.objects.update(days_before_deciding=0)


@pytest.mark.parametrize("when", [-1, 16])
def test_a_second_factor_that_nobody_saw_does_not_count(agent, zoe, when):
    one = established(zoe)
    assert one.seen_at is not None
    for factor in Authenticator.objects.filter(user=zoe):
        factor.created_at = one.seen_at + timedelta(minutes=when)
        factor.save()
    assert lack(agent, zoe) == Lack.NOT_SEEN


def test_a_factor_added_later_or_taken_off_ends_what_was_seen(agent, zoe):
    established(zoe)
    DECIDING.require(agent, zoe)
    Authenticator.objects.create(user=zoe, type="webauthn", data={}, created_at=timezone.now() + timedelta(hours=1))
    assert lack(agent, zoe) == Lack.NOT_SEEN
    accounts.forget_second_factor(user=zoe)
    assert lack(agent, zoe) == Lack.NOT_SEEN


def test_an_ended_role_or_a_closed_account_does_not_count(agent, manager, zoe):
    nominations.end(nomination=established(zoe), by=manager)
    assert lack(agent, zoe) == Lack.NOT_NAMED
    closed = AgentFactory()
    accounts.close_agent(agent=closed, by=manager)
    closed.refresh_from_db()
    assert lack(agent, closed) == Lack.NOT_NAMED


def test_who_named_somebody_alone_does_not_decide_with_them(officer, agent, zoe):
    named(zoe, officer)
    Nomination.objects.filter(person=zoe).update(confirmed_at=timezone.now() - timedelta(days=8))
    assert lack(officer, zoe) == lack(zoe, officer) == Lack.MADE_ALONE
    DECIDING.require(agent, zoe)


def aged(*agents):
    """Make the nominations of these agents as old as they need to be."""
    Nomination.objects.filter(person__in=agents).update(confirmed_at=timezone.now() - timedelta(days=8))


def test_a_new_manager_is_not_the_first_of_the_two_who_name_an_agent(officer, zoe):
    """Otherwise the officer makes a manager alone, and has her propose the agent who then decides with the officer."""
    named(zoe, officer, role=Role.MANAGER)
    zoe.refresh_from_db()
    made = nominations.propose(person=AgentFactory(new=True), role=Role.SECOND, employer="", by=zoe)
    with pytest.raises(NotTwo):
        nominations.begin_presence(nomination=made, by=officer)
    aged(zoe)
    with pytest.raises(NotTwo) as problem:
        nominations.begin_presence(nomination=made, by=officer)
    assert problem.value.lack == Lack.MADE_ALONE


def test_two_whom_one_person_named_alone_do_not_decide_together(officer, agent, zoe):
    second = AgentFactory(name="Zacharie", new=True)
    for one in (zoe, second):
        named(one, officer)
    aged(zoe, second)
    assert lack(zoe, second) == lack(second, zoe) == Lack.MADE_ALONE
    DECIDING.require(agent, zoe)


def test_who_named_somebody_alone_through_another_does_not_decide_with_them(officer, agent, zoe):
    """Even once the one in between has left."""
    second = AgentFactory(name="Zacharie", new=True)
    named(zoe, officer, role=Role.OFFICER)
    aged(zoe)
    zoe.refresh_from_db()
    named(second, zoe)
    aged(second)
    assert lack(officer, second) == Lack.MADE_ALONE
    nominations.end(nomination=zoe.nominations.get(), by=officer)
    assert lack(officer, second) == lack(second, officer) == Lack.MADE_ALONE
    DECIDING.require(agent, second)


def test_recovery_codes_made_later_end_what_was_seen(agent, zoe):
    """Whoever made them, in a session left open, could sign in with them."""
    established(zoe)
    DECIDING.require(agent, zoe)
    Authenticator.objects.create(user=zoe, type="recovery_codes", data={}, created_at=timezone.now() + PRESENCE)
    assert lack(agent, zoe) == Lack.NOT_SEEN


def test_residents_read_the_employer_of_an_agent_from_elsewhere(zoe, manager, other):
    assert label(zoe) == "Zoé"
    established(zoe)
    Nomination.objects.filter(person=zoe).update(employer="Ville de Combrelle")
    assert label(zoe) == "Zoé, Ville de Combrelle"


# Naming


def test_two_managers_name_an_agent(manager, other, zoe):
    one = named(zoe, manager, confirmed_by=other)
    one.refresh_from_db()
    assert (one.proposed_by, one.confirmed_by, one.seen_by) == (manager, other, other)
    assert DECIDING.lack(zoe) == Lack.TOO_NEW


def test_the_officer_alone_names_an_agent(officer, zoe):
    named(zoe, officer)
    assert DECIDING.lack(zoe) == Lack.TOO_NEW


def test_a_manager_alone_names_nobody(manager, zoe):
    made = nominations.propose(person=zoe, role=Role.MANAGER, employer="", by=manager)
    with pytest.raises(NotTwo):
        nominations.begin_presence(nomination=made, by=manager)
    zoe.refresh_from_db()
    assert not zoe.is_superuser and GOVERNING.lack(zoe) == Lack.NOT_NAMED


def test_a_new_manager_confirms_nothing(manager, other, zoe):
    named(zoe, manager, role=Role.MANAGER, confirmed_by=other)
    zoe.refresh_from_db()
    assert zoe.is_superuser
    made = nominations.propose(person=AgentFactory(new=True), role=Role.SECOND, employer="", by=manager)
    with pytest.raises(NotTwo):
        nominations.begin_presence(nomination=made, by=zoe)


def test_typing_the_code_removes_the_factors_and_ends_other_sessions(manager, other, zoe):
    browser = signed_in(zoe)
    made = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    code = nominations.begin_presence(nomination=made, by=other)
    nominations.type_code(person=zoe, code=code.lower(), current_key=None)
    assert not Authenticator.objects.filter(user=zoe).exists()
    assert browser.get(reverse("account")).status_code == 302
    with pytest.raises(nominations.WrongCode):
        nominations.type_code(person=zoe, code=code, current_key=None)


def test_the_code_is_good_for_its_agent_for_a_quarter_of_an_hour(manager, other, zoe, agent, time_machine):
    made = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    code = nominations.begin_presence(nomination=made, by=other)
    with pytest.raises(nominations.WrongCode):
        nominations.type_code(person=agent, code=code, current_key=None)
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    with pytest.raises(nominations.WrongCode):
        nominations.type_code(person=zoe, code=code, current_key=None)
    assert Nomination.objects.get(pk=made.pk).confirmed_at is None


def test_a_manager_is_not_confirmed_as_officer_too_whatever_was_proposed(manager, other, zoe):
    """Two proposals from before they were kept apart: the one that is confirmed first counts alone."""
    both = [
        Nomination.objects.create(person=zoe, role=role, employer="Ville", proposed_by=manager)
        for role in (Role.MANAGER, Role.OFFICER)
    ]
    for nomination in both:
        code = nominations.begin_presence(nomination=nomination, by=other)
        with nullcontext() if nomination == both[0] else pytest.raises(PermissionDenied):
            nominations.type_code(person=zoe, code=code, current_key=None)
    zoe.refresh_from_db()
    assert zoe.is_superuser and not zoe.is_dpo


def test_a_code_told_by_somebody_demoted_since_confirms_nothing(manager, other, zoe):
    made = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    code = nominations.begin_presence(nomination=made, by=other)
    nominations.end(nomination=other.nominations.get(), by=manager)
    with pytest.raises(PermissionDenied):
        nominations.type_code(person=zoe, code=code, current_key=None)


def test_one_person_does_not_both_manage_and_check(manager, other, officer):
    for person, role in ((other, Role.OFFICER), (officer, Role.MANAGER)):
        with pytest.raises(nominations.AlreadyNamed):
            nominations.propose(person=person, role=role, employer="", by=manager)
    with pytest.raises(nominations.AlreadyNamed):
        nominations.propose(person=other, role=Role.MANAGER, employer="", by=manager)


def test_only_who_governs_names_and_never_themself(manager, agent, zoe, resident):
    for by, person in ((agent, zoe), (resident, zoe), (manager, manager), (manager, resident)):
        with pytest.raises(PermissionDenied):
            nominations.propose(person=person, role=Role.SECOND, employer="", by=by)
    made = nominations.propose(person=zoe, role=Role.SECOND, employer="", by=manager)
    for by in (agent, zoe):
        with pytest.raises(PermissionDenied):
            nominations.begin_presence(nomination=made, by=by)
        with pytest.raises(PermissionDenied):
            nominations.end(nomination=made, by=by)


def test_ending_a_managers_role_takes_their_right_and_the_last_one_stays(manager, other):
    browser = signed_in(other)
    nominations.end(nomination=other.nominations.get(), by=manager)
    other.refresh_from_db()
    assert not other.is_superuser and browser.get(reverse("account")).status_code == 302
    with pytest.raises(accounts.LastManager):
        nominations.end(nomination=manager.nominations.get(), by=manager)
    manager.refresh_from_db()
    assert manager.is_superuser


def test_the_operator_names_the_first_agents_who_then_see_each_other():
    first, second = (AgentFactory(new=True, second_factor=False) for _ in range(2))
    for person, role in ((first, Role.MANAGER), (second, Role.OFFICER)):
        nominations.name_by_operator(person=person, role=role)
        nominations.name_by_operator(person=person, role=role)
    assert Nomination.objects.count() == 2
    for person, by in ((first, second), (second, first)):
        code = nominations.begin_presence(nomination=person.nominations.get(), by=by)
        nominations.type_code(person=person, code=code, current_key=None)
        TOTP.activate(person, TOTP_SECRET)
    assert DECIDING.lack(first) == Lack.TOO_NEW
    Nomination.objects.update(confirmed_at=timezone.now() - timedelta(days=7))
    DECIDING.require(first, second)
    GOVERNING.require(first, second)


# What the city chooses


def proposed(what, value, by) -> CityDecision:
    """Propose a change that takes two persons."""
    made = city_decisions.change(what=what, value=value, by=by)
    assert made is not None
    return made


@pytest.mark.parametrize(("what", "value"), [(What.EMERGENCY, 1), (What.DAYS, 1), (What.DAYS, 10)])
def test_a_weaker_setting_and_other_days_take_two(manager, other, what, value):
    asked = city_decisions.change(what=what, value=value, by=manager)
    assert asked and city_decisions.change(what=what, value=value, by=manager) == asked
    assert (City.current().emergency_access, City.current().days_before_deciding) == (False, 7)
    with pytest.raises(NotTwo):
        city_decisions.decide(decision=asked, by=manager, agree=True)
    city_decisions.decide(decision=asked, by=other, agree=True)
    found = City.current()
    assert (int(found.emergency_access) if what == What.EMERGENCY else found.days_before_deciding) == value
    with pytest.raises(city_decisions.Over):
        city_decisions.decide(decision=asked, by=other, agree=True)


def test_a_stronger_setting_takes_one(manager, city):
    city.emergency_access = True
    city.save()
    assert city_decisions.change(what=What.EMERGENCY, value=0, by=manager) is None
    assert not City.current().emergency_access


def test_nobody_makes_everybody_too_new_to_decide(manager, other):
    """Without an end, nobody who counts would be left to choose fewer."""
    with pytest.raises(ValueError, match="month"):
        city_decisions.change(what=What.DAYS, value=MOST_DAYS + 1, by=manager)
    asked = proposed(What.DAYS, MOST_DAYS, manager)
    city_decisions.decide(decision=asked, by=other, agree=True)
    assert City.current().days_before_deciding == MOST_DAYS
    page = signed_in(manager).post(reverse("city_choice"), {"emergency": "0", "days": str(MOST_DAYS + 1)})
    assert page.status_code == 400 and City.current().days_before_deciding == MOST_DAYS


def test_settings_change_together_or_not_at_all(manager, zoe, city):
    """Zoé manages agents since today: she may switch urgent access off, and not lower the days."""
    city.emergency_access = True
    city.save()
    zoe.is_superuser = True
    zoe.save()
    with pytest.raises(NotTwo):
        city_decisions.change_all([(What.EMERGENCY, 0), (What.DAYS, 1)], by=zoe)
    assert City.current().emergency_access
    city_decisions.change_all([(What.EMERGENCY, 0), (What.DAYS, 7)], by=zoe)
    assert not City.current().emergency_access


def test_days_written_into_the_database_do_not_count(city):
    city.save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_city SET days_before_deciding = 1")
    with pytest.raises(rows.Forged):
        City.current()
    with pytest.raises(rows.Forged):
        words.settings()


def test_a_refused_or_old_proposal_changes_nothing(manager, other, time_machine):
    refused = proposed(What.EMERGENCY, 1, manager)
    city_decisions.decide(decision=refused, by=other, agree=False)
    old = proposed(What.EMERGENCY, 1, manager)
    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    with pytest.raises(city_decisions.Over):
        city_decisions.decide(decision=old, by=other, agree=True)
    assert not City.current().emergency_access


def test_only_who_governs_chooses(agent, manager, zoe):
    with pytest.raises(PermissionDenied):
        city_decisions.change(what=What.EMERGENCY, value=1, by=agent)
    zoe.is_superuser = True
    zoe.save()
    with pytest.raises(NotTwo):
        city_decisions.change(what=What.EMERGENCY, value=1, by=zoe)
    asked = proposed(What.EMERGENCY, 1, manager)
    for by, error in ((agent, PermissionDenied), (zoe, NotTwo)):
        with pytest.raises(error):
            city_decisions.decide(decision=asked, by=by, agree=True)


def test_the_public_page_says_the_choice_and_since_when(manager, other, client):
    assert "L’accès d’urgence n’est pas activé." in client.get(reverse("promise")).content.decode()
    asked = proposed(What.EMERGENCY, 1, manager)
    city_decisions.decide(decision=asked, by=other, agree=True)
    page = client.get(reverse("promise")).content.decode()
    assert "par la décision de deux personnes" in page and "7 jours après sa nomination" in page
    city_decisions.change(what=What.EMERGENCY, value=0, by=other)
    assert "n’est plus activé depuis" in client.get(reverse("promise")).content.decode()


def test_the_citys_own_words_do_not_hide_the_choice(client, city):
    LegalPage.objects.create(slug=LegalPage.Slug.PROMISE, text="Nos mots.")
    assert "L’accès d’urgence n’est pas activé." in client.get(reverse("promise")).content.decode()


ADDRESS = {What.PHONE: "01 99 00 99 99", What.DPO_EMAIL: "deleguee@villebrume.example", What.NAME: "Villebrume-le-Lac"}


@pytest.mark.parametrize("what", ADDRESS)
def test_where_residents_turn_is_changed_by_two_and_who_governs_is_told_twice(manager, other, what, mailoutbox):
    asked = proposed(what, ADDRESS[what], manager)
    assert getattr(City.current(), what) != ADDRESS[what]
    for count in (2, 4):
        notices.notify_decisions()
        notices.notify_decisions()
        assert len(mailoutbox) == count and {mail.to[0] for mail in mailoutbox} == {manager.email, other.email}
        if count == 2:
            assert not any(ADDRESS[what] in mail.body for mail in mailoutbox), "the page alone says it"
            city_decisions.decide(decision=asked, by=other, agree=True)
    assert getattr(City.current(), what) == ADDRESS[what]


def test_a_wrong_telephone_is_taken_away_the_same_day_by_one_and_all_are_told(manager, other, zoe, city, mailoutbox):
    city.phone, city.dpo_email = "08 99 99 99 99", "donnees@villebrume.example"
    city.save()
    zoe.is_superuser = True
    zoe.save()
    assert city_decisions.change(what=What.PHONE, value="", by=zoe) is None
    assert City.current().phone == ""
    notices.notify_decisions()
    assert {mail.to[0] for mail in mailoutbox} == {manager.email, other.email, zoe.email}
    with pytest.raises(NotTwo):
        city_decisions.change(what=What.DPO_EMAIL, value="", by=zoe)
    assert City.current().dpo_email, "without it, nobody would read the alerts"


@pytest.mark.parametrize(
    "address", ["http://meteofrance.com/", "https://ailleurs.example/", "https://meteofrance.com.ailleurs.example/"]
)
def test_quitter_vite_leads_to_an_address_of_the_list_only(manager, city, client, settings, address):
    with pytest.raises(ValueError, match="list of exits"):
        city_decisions.change(what=What.EXIT, value=address, by=manager)
    City.objects.update(exit_url=address)
    assert client.get(reverse("leave_quickly"))["Location"] == settings.EXIT_URL


def test_the_settings_that_take_two_are_those_that_the_admin_only_shows():
    assert {str(what) for what in What} - {What.EMERGENCY, What.DAYS} == {*TRUSTED}


@pytest.mark.parametrize("version", [1, 2])
def test_a_proposal_that_does_not_say_what_it_replaces_is_over(manager, other, version):
    """The row is older than the column, under a former list: what the setting was then is not known."""
    asked = proposed(What.DAYS, 3, manager)
    asked.before, asked.named = None, {}
    old = mac_of(asked, version=version)
    CityDecision._base_manager.filter(pk=asked.pk).update(before=None, named={}, mac=old)
    with pytest.raises(city_decisions.Over):
        city_decisions.decide(decision=CityDecision.objects.get(pk=asked.pk), by=other, agree=True)
    assert City.current().days_before_deciding == 7
    assert not words.decisions(other)


# The pages


def test_addresses_are_proposed_through_the_pages(manager, other, agent, client):
    page = reverse("city_addresses")
    assert signed_in(agent).get(page).status_code == 403
    by, decides = signed_in(manager), signed_in(other)
    form = by.get(page).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    assert (
        "C’est enregistré" in by.post(page, sent, follow=True).content.decode() and not CityDecision.objects.exists()
    )
    assert by.post(page, sent | {"phone": "abc"}).context["form"].errors["phone"]
    assert by.post(page, sent | {"exit_url": "http://ailleurs.example/"}).context["form"].errors["exit_url"]
    by.post(page, sent | {"phone": "01 99 00 99 99", "exit_url": "https://www.bnf.fr/"})
    assert not City.current().phone and CityDecision.objects.count() == 2
    one = reverse("city_decision", args=[CityDecision.objects.get(what=What.PHONE).pk])
    assert "01 99 00 99 99" in decides.get(one).content.decode()
    decides.post(one, {"answer": "agree"})
    assert City.current().phone == "01 99 00 99 99"


def test_a_legal_page_is_a_draft_until_a_second_person_read_it(manager, other, client):
    add, words = reverse("admin:core_legalpage_add"), "## Vos droits\n\nÉcrivez-nous."
    said = signed_in(manager).post(
        add, {"slug": "donnees-personnelles", "text": words, "text_en": "Write to us."}, follow=True
    )
    assert "C’est proposé" in said.content.decode() and not LegalPage.objects.exists()
    one = reverse("city_decision", args=[CityDecision.objects.get().pk])
    page = signed_in(other).get(one).content.decode()
    assert "Vos droits" in page and "Write to us." in page and "Données personnelles" in page
    signed_in(other).post(one, {"answer": "agree"})
    assert "Écrivez-nous." in client.get(reverse("privacy")).content.decode()
    back = {"action": "as_shipped", "_selected_action": [LegalPage.objects.get().pk], "confirmed": "yes"}
    signed_in(manager).post(reverse("admin:core_legalpage_changelist"), back)
    assert not LegalPage.objects.exists(), "the software's own words come back the same day"


def test_an_agent_is_named_through_the_pages(manager, other, zoe):
    by, confirms, hers = signed_in(manager), signed_in(other), signed_in(zoe)
    form = {"person": zoe.pk, "role": "second", "employer": "Ville de Combrelle"}
    assert by.post(reverse("nominate"), form)["Location"] == reverse("two_persons")
    one = reverse("nomination", args=[Nomination.objects.get(person=zoe).pk])
    assert one in confirms.get(reverse("two_persons")).content.decode()
    assert confirms.post(one, {}).status_code == 400
    assert by.post(one, {"seen": "yes"}).status_code == 403
    code = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", confirms.post(one, {"seen": "yes"}).content.decode())
    assert code
    assert hers.post(reverse("presence"), {"code": "0000-0000-0000"}).context["form"].errors
    assert hers.post(reverse("presence"), {"code": code[0]})["Location"] == reverse("mfa_activate_totp")
    assert hers.get(reverse("mfa_activate_totp")).status_code == 200
    page = confirms.get(reverse("two_persons")).content.decode()
    assert "Zoé, Ville de Combrelle" in page and "Double vérification à régler" in page
    end = reverse("end_nomination", args=[Nomination.objects.get(person=zoe).pk])
    assert "Le redonner prend deux personnes" in by.get(end).content.decode()
    assert by.post(end).status_code == 302 and by.get(end).status_code == 404


def test_a_setting_is_chosen_through_the_pages(manager, other):
    by, decides = signed_in(manager), signed_in(other)
    form = {"emergency": "1", "days": "7"}
    assert "C’est proposé" in by.post(reverse("city_choice"), form, follow=True).content.decode()
    one = reverse("city_decision", args=[CityDecision.objects.get().pk])
    assert by.get(one).status_code == 404 and one in decides.get(reverse("two_persons")).content.decode()
    assert "Activer l’accès d’urgence" in decides.get(one).content.decode()
    decides.post(one, {"answer": "agree"})
    assert City.current().emergency_access
    assert by.post(reverse("city_choice"), {"emergency": "1", "days": "0"}).context["form"].errors["days"]


def test_second_factors_are_loaded_and_checked_in_one_query(manager, other, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert {one.user_id for one in rows.load(Authenticator.objects.all())} == {manager.pk, other.pk}
    for forged in (
        "UPDATE mfa_authenticator SET created_at = created_at - interval '1 day'",
        "UPDATE core_rowmac SET mac = ''",
        "DELETE FROM core_rowmac",
    ):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(forged)
            with pytest.raises(rows.Forged):
                rows.load(Authenticator.objects.all())
            with pytest.raises(rows.Forged):
                DECIDING.lack(manager)
            transaction.set_rollback(True)
    assert DECIDING.lack(manager) is None


def test_the_page_says_what_is_missing(zoe, agent):
    page = signed_in(zoe).get(reverse("two_persons")).content.decode()
    assert "pas nommé pour décider à deux" in page and reverse("nominate") not in page
    assert "Vous pouvez décider à deux" in signed_in(agent).get(reverse("two_persons")).content.decode()
