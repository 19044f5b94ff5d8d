"""At the desk: an agent types what a resident without an e-mail says, once, and takes it back when they ask."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django_scopes import scope

from campaigns.contributions.actions import contributing, desk
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import of_answers
from core import journal
from tests.accounts.factories import signed_in
from tests.campaigns import given
from tests.vault.at_desk import keeper, opened, visited
from vault.records import gate
from vault.records.models import Grant, Record
from vault.sharing.actions import desk as visits

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(keys_of):
    one = given.opened()
    keys_of(one)
    return one


@pytest.fixture
def agent(db):
    return keeper()


@pytest.fixture
def browser(agent):
    return signed_in(agent)


@pytest.fixture
def visit(agent, browser):
    return opened(agent, browser)


def page(visit, campaign):
    return reverse("contributions:desk_answer", args=[visit.pk, campaign.code])


def arrivals():
    return given.waiting()


def answers(campaign):
    return of_answers(campaign.plan, {"mode": 1})


def test_answers_typed_at_the_desk_leave_sealed_and_are_taken_back_there(browser, visit, campaign):
    visit_page = browser.get(reverse("sharing:desk_visit", args=[visit.pk])).content.decode()
    assert page(visit, campaign) in visit_page
    told = {"mode": "1", "km": "3"}
    refused = browser.post(page(visit, campaign), told)
    assert "Sans son oui, rien ne part" in refused.content.decode() and arrivals() == 0
    assert browser.post(page(visit, campaign), {**told, "present": "on"}).status_code == 302
    assert arrivals() == 1
    with scope(resident=visit.resident_id):
        grant = Grant.objects.get(recipient_kind="campaign")
        assert (grant.channel, grant.mode) == ("spoken", "keep")
        assert not Record.objects.exists(), "an answer is no record of the vault"
    again = browser.post(page(visit, campaign), {**told, "present": "on"}).content.decode()
    assert "Elle participe" in again and arrivals() == 1
    assert browser.post(page(visit, campaign), {"withdraw": "yes"}).status_code == 302
    assert arrivals() == 0
    with scope(resident=visit.resident_id):
        assert not Participation.objects.exists()
    entries = journal.entries(resident_id=visit.resident_id, limit=20)
    assert {"granted_at_desk", "contribution_sent", "grant_stopped_at_desk"} <= {entry.event for entry in entries}


def test_who_signs_in_by_themselves_contributes_from_their_vault(signing_in, campaign):
    agent, client, visit = visited(signing_in, "home")
    answer = client.post(page(visit, campaign), {"mode": "1", "present": "on"})
    assert answer.status_code == 403 and arrivals() == 0
    with pytest.raises(PermissionDenied):
        desk.contribute(visit=visit, agent=agent, campaign=campaign, answered=answers(campaign))


def test_nothing_leaves_after_the_visit_nor_by_another_agent(agent, browser, visit, campaign):
    other = keeper("Autre Agent")
    assert signed_in(other).get(page(visit, campaign)).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.contribute(visit=visit, agent=other, campaign=campaign, answered=answers(campaign))
    visits.finish(visit=visit, agent=agent)
    assert browser.post(page(visit, campaign), {"mode": "1", "present": "on"}).status_code == 404
    with pytest.raises(gate.Refused):
        desk.contribute(visit=visit, agent=agent, campaign=campaign, answered=answers(campaign))
    assert arrivals() == 0


def test_answers_at_the_desk_keep_the_plan_s_bounds_and_the_yearly_budget(agent, visit, campaign, monkeypatch):
    with pytest.raises(contributing.NothingLeft):
        desk.contribute(visit=visit, agent=agent, campaign=campaign, answered=of_answers(campaign.plan, {}))
    monkeypatch.setattr("campaigns.contributions.budget.YEARLY", 0.01)
    with pytest.raises(contributing.BudgetSpent):
        desk.contribute(visit=visit, agent=agent, campaign=campaign, answered=answers(campaign))
    assert arrivals() == 0
    with scope(resident=visit.resident_id):
        assert not Grant.objects.filter(recipient_kind="campaign").exists(), "nothing half written"
