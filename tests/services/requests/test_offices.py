"""Offices and their agents, as those who manage agents set them in the admin."""

from functools import partial
from itertools import count

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from accounts.actions import places
from accounts.models import Membership, Organisation
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.at_once import at_once
from tests.services.requests.made import member, opened_office

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
            places.add_to_office(agent=person, organisation=where, instructs=role, may_decide=False)
    first = places.add_to_office(agent=agent, organisation=office, instructs=True, may_decide=False)
    assert places.add_to_office(agent=agent, organisation=office, instructs=True, may_decide=False) == first
    second = places.add_to_office(agent=agent, organisation=other, instructs=False, may_decide=True)
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

    add = partial(places.add_to_office, agent=agent, instructs=True, may_decide=False)
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
