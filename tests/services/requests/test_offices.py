"""Offices and their agents, as those who manage agents set them in the admin."""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions import nominations, notices, places
from accounts.models import Membership, Nomination, Organisation, Role
from accounts.two_persons import ACTS, DECIDING, Lack, NotTwo
from services.requests.enums import State
from tests.accounts.factories import TOTP_SECRET, AgentFactory, CompanionFactory, established, signed_in
from tests.at_once import at_once
from tests.services.requests.made import fresh, member, opened_office, proposed, sent

pytestmark = pytest.mark.django_db


def test_an_office_has_an_address_and_a_telephone():
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.create(name="Sans adresse", receives=True)
    office = opened_office()
    assert list(Organisation.objects.offices()) == [office]


def test_only_an_agent_with_a_role_joins_and_the_former_place_ends():
    office, other, agent = opened_office(), opened_office("Service Sports"), AgentFactory()
    companion = CompanionFactory()
    mission = Organisation.objects.create(name="Mission locale")
    for person, where, role in ((companion, office, True), (agent, mission, True), (agent, office, False)):
        with pytest.raises(ValueError, match="an agent"):
            places.add_to_office(agent=person, organisation=where, instructs=role, may_decide=False, by=None)
    first = places.add_to_office(agent=agent, organisation=office, instructs=True, may_decide=False, by=None)
    assert places.add_to_office(agent=agent, organisation=office, instructs=True, may_decide=False, by=None) == first
    second = places.add_to_office(agent=agent, organisation=other, instructs=False, may_decide=True, by=None)
    assert places.of_office(agent) == second
    first.refresh_from_db()
    assert first.ended_at and agent.is_active
    assert not Membership.objects.current().filter(person=agent).exists()


def test_managers_add_and_remove_agents_of_an_office():
    office, manager, agent = opened_office(), AgentFactory(manages_agents=True), AgentFactory(name="Claire")
    browser = signed_in(manager)
    add = reverse("admin:accounts_officemember_add")
    wrong = browser.post(add, {"person": agent.pk, "organisation": office.pk})
    assert "Choisissez au moins un rôle." in wrong.content.decode()
    browser.post(add, {"person": agent.pk, "organisation": office.pk, "instructs": "on"})
    place = places.of_office(agent)
    assert place is not None and place.instructs and not place.may_decide
    listing = reverse("admin:accounts_officemember_changelist")
    sent = {"action": "end", "_selected_action": [str(place.pk)], "confirmed": "yes"}
    browser.post(listing, sent)
    assert "Claire" in browser.get(listing).content.decode()
    assert "Claire" not in browser.get(reverse("admin:accounts_membership_changelist")).content.decode()


def test_a_member_of_a_closed_office_has_no_place():
    office = opened_office()
    place = member(office, "Claire Morvan")
    office.receives = False
    with places.changing_office(office):
        office.save()
    assert places.of_office(place.person) is None


@pytest.mark.django_db(transaction=True)
def test_two_adds_at_once_give_one_place_and_a_move_waits_for_no_one_who_leaves():
    office, other, agent = opened_office(), opened_office("Service Sports"), AgentFactory()
    failed: list[Exception] = []

    def act(work) -> None:
        try:
            work()
        except (DatabaseError, ValueError) as error:
            failed.append(error)

    add = partial(places.add_to_office, agent=agent, instructs=True, may_decide=False, by=None)
    at_once(partial(act, partial(add, organisation=office)))
    assert not failed and Membership.objects.filter(person=agent).count() == 1
    place = places.of_office(agent)
    assert place is not None
    turns = count()

    def move_or_leave() -> None:
        if next(turns) % 2:
            act(partial(add, organisation=other))
        else:
            act(partial(places.leave_office, place=place))

    at_once(move_or_leave, times=6)
    assert not failed and Membership.objects.filter(person=agent, ended_at=None).count() == 1


def test_two_persons_give_the_right_to_decide_and_it_counts_after_the_days(resident, time_machine, mailoutbox):
    """As the pages do it: placed by one, confirmed by another with the agent present, a week later it counts."""
    office, by, other = opened_office(), AgentFactory(manages_agents=True), AgentFactory(manages_agents=True)
    claire, zoe = member(office, "Claire Morvan"), AgentFactory(name="Zoé", new=True)
    request, form = proposed(sent(resident, office), claire), {"organisation": office.pk, "may_decide": "on"}
    add = reverse("admin:accounts_officemember_add")
    assert "Personne ne se donne" in signed_in(by).post(add, {**form, "person": by.pk}).content.decode()
    said = signed_in(by).post(add, {**form, "person": zoe.pk}, follow=True).content.decode()
    assert "attend une autre personne" in said
    notices.notify_decisions()
    assert {mail.to[0] for mail in mailoutbox} == {by.email, other.email, zoe.email}
    assert not any(name in mail.body for mail in mailoutbox for name in ("Zoé", office.name))

    decide = reverse("requests:decide", args=[request.pk])
    refused = signed_in(zoe).post(decide, {"answer": "yes", "shown": "2"})
    assert refused.status_code == 403 and "pas nommé" in refused.content.decode()
    asked = Nomination.objects.get(person=zoe)
    with pytest.raises(NotTwo):
        nominations.begin_presence(nomination=asked, by=by)
    page = signed_in(other).get(reverse("two_persons")).content.decode()
    assert f"décide des demandes d’un service, {office.name}" in page
    code = nominations.begin_presence(nomination=asked, by=other)
    nominations.type_code(person=zoe, code=code, current_key=None)
    TOTP.activate(zoe, TOTP_SECRET)
    refused = signed_in(zoe).post(decide, {"answer": "yes", "shown": "2"})
    assert refused.status_code == 403 and "compte à partir du" in refused.content.decode()
    assert "Vous ne décidez pas encore" in signed_in(zoe).get(reverse("two_persons")).content.decode()
    assert fresh(request).state != State.GRANTED

    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    assert "Vous décidez au service" in signed_in(zoe).get(reverse("two_persons")).content.decode()
    signed_in(zoe).post(decide, {"answer": "yes", "shown": "2"})
    assert fresh(request).state == State.GRANTED


def test_the_right_to_decide_is_of_one_office_and_ends_with_the_place():
    office, other = opened_office(), opened_office("Service Sports")
    agent = member(office, "Hugo Bastide", may_decide=True).person
    deciding = ACTS["decide_request"]
    deciding.require_second(agent, office=office.pk)
    with pytest.raises(NotTwo):
        deciding.require_second(agent, office=other.pk)
    again = places.add_to_office(agent=agent, organisation=office, instructs=False, may_decide=True, by=None)
    deciding.require_second(agent, office=office.pk)
    places.leave_office(place=again)
    places.add_to_office(agent=agent, organisation=office, instructs=False, may_decide=True, by=None)
    with pytest.raises(NotTwo):
        deciding.require_second(agent, office=office.pk)


def test_it_gives_no_other_right_and_one_factor_that_was_seen_is_enough_for_each_role():
    office, by, other = opened_office(), AgentFactory(manages_agents=True), AgentFactory(manages_agents=True)
    agent = member(office, "Hugo Bastide", may_decide=True).person
    Nomination.objects.filter(person=agent, role=Role.SECOND).update(ended_at=timezone.now())
    assert DECIDING.lack(agent) == Lack.NOT_NAMED
    second = nominations.propose(person=agent, role=Role.SECOND, employer="", by=by)
    code = nominations.begin_presence(nomination=second, by=other)
    nominations.type_code(person=agent, code=code, current_key=None)
    TOTP.activate(agent, TOTP_SECRET)
    ACTS["decide_request"].require_second(agent, office=office.pk)
    assert DECIDING.lack(agent) == Lack.TOO_NEW


def test_the_officer_alone_names_nobody_to_decide_in_an_office():
    office, officer, zoe = opened_office(), AgentFactory(new=True), AgentFactory(new=True)
    officer.is_dpo = True
    officer.save()
    established(officer, Role.OFFICER)
    with pytest.raises(nominations.NoOffice):
        nominations.propose(person=zoe, role=Role.OFFICE, employer="", by=officer)
    places.add_to_office(agent=zoe, organisation=office, instructs=False, may_decide=True, by=None)
    made = nominations.propose(person=zoe, role=Role.OFFICE, employer="", by=officer)
    with pytest.raises(NotTwo):
        nominations.begin_presence(nomination=made, by=officer)


def test_a_decision_costs_little_more_than_before_two_persons_named_who_decides(
    resident, django_assert_max_num_queries
):
    office = opened_office()
    claire, hugo = member(office, "Claire Morvan"), member(office, "Hugo Bastide", instructs=False, may_decide=True)
    request, browser = proposed(sent(resident, office), claire), signed_in(hugo.person)
    browser.get(reverse("requests:inbox"))
    with django_assert_max_num_queries(9):
        browser.get(reverse("requests:inbox"))
    with django_assert_max_num_queries(43):  # 34 before, 39 while the first of two was believed, 41 their chains
        browser.post(reverse("requests:decide", args=[request.pk]), {"answer": "yes", "shown": "2"})
    assert fresh(request).state == State.GRANTED
