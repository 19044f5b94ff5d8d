"""Milestones: charged before noise, drawn once a day, one increment a resident, and no other number anywhere."""

import re
from datetime import timedelta

import numpy as np
import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import across, budget, leaving, ledger, sealing, store, yearly
from campaigns.contributions.actions import counter, inbox
from campaigns.contributions.actions import keys as key_verbs
from campaigns.contributions.enums import COUNTER
from campaigns.contributions.models import Charge, Contribution, Increment, Participation, Withdrawal
from campaigns.contributions.presenting.campaign import milestone
from campaigns.noise import mechanism
from campaigns.plans.states import State
from tests.accounts.factories import AgentFactory, signed_in
from tests.campaigns import given
from tests.campaigns.contributions.test_contributing import give
from tests.campaigns.contributions.test_releasing import Killed, contribute
from vault.records.actions import grants
from vault.records.models import Grant

TODAY = timezone.localdate
DAY = timedelta(days=1)


@pytest.fixture
def campaign(transactional_db, as_release):
    one = given.opened(sensitivity="low", milestones=True)
    with as_release():
        key_verbs.make(campaign_id=one.pk)
    return one


@pytest.fixture
def drawn(monkeypatch):
    """Take the noise away, and note each count with what was charged before it was drawn."""
    noted = []

    def draw(vector, _l2, rho):
        noted.append((vector[0], Charge.objects.filter(table=COUNTER).count(), rho))
        return np.array([vector[0] + 4])

    monkeypatch.setattr(mechanism, "draw", draw)
    return noted


def test_an_increment_is_charged_before_its_noise_and_drawn_once_a_day(campaign, as_release, drawn):
    contribute(campaign, 137)
    with as_release():
        inbox.move()
        assert counter.draw_due(TODAY()) == 1
        assert counter.draw_due(TODAY()) == 0, "a tick that starts again draws nothing twice"
        assert list(Increment.objects.values_list("noisy", "passed")) == [(141, 100)]
    assert drawn == [(137, 1, 0.02)]
    assert list(Charge.objects.values_list("table", "window", "rho")) == [(COUNTER, TODAY().isoformat(), 0.02)]


def test_a_contribution_is_in_the_increment_of_the_first_day_from_which_it_counts(campaign, as_release, drawn):
    contribute(campaign, 60)
    contribute(campaign, 40, ago=6, start=60)
    with as_release():
        inbox.move()
        for day in (TODAY() - DAY, TODAY(), TODAY() + DAY, TODAY() + 2 * DAY):
            counter.draw_due(day)
    assert [count for count, _charged, _rho in drawn] == [60, 0, 40, 0], "empty days are drawn as well"


def test_a_day_that_was_charged_and_not_drawn_is_never_drawn(campaign, as_release, drawn, monkeypatch):
    contribute(campaign, 60)

    def kill(*_arguments):
        raise Killed

    with as_release():
        inbox.move()
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(mechanism, "draw", kill)
            counter.draw_due(TODAY())
        assert counter.draw_due(TODAY()) == 0 and not Increment.objects.exists()
        assert counter.draw_due(TODAY() + DAY) == 1
    assert [count for count, _charged, _rho in drawn] == [0], "who was charged that day is in no other increment"
    assert Charge.objects.filter(table=COUNTER).count() == 2


def test_two_workers_at_once_draw_a_day_once(campaign, as_release, drawn, monkeypatch):
    real = ledger.opened

    def after_another(**arguments):
        monkeypatch.setattr(ledger, "opened", real)
        assert counter.draw_due(TODAY()) == 1
        return real(**arguments)

    monkeypatch.setattr(ledger, "opened", after_another)
    with as_release():
        assert counter.draw_due(TODAY()) == 0
        assert Increment.objects.count() == len(drawn) == 1
    assert Charge.objects.count() == 1


def test_nothing_is_drawn_before_the_opening_after_the_closing_or_without_milestones(campaign, as_release, drawn):
    plain = given.opened(code="plain")
    assert not plain.plan.milestones
    closed = given.opened(code="closed", sensitivity="low", milestones=True)
    closed.state = State.CLOSED
    closed.save(update_fields=["state"])
    with as_release():
        for day in (campaign.plan.opens, campaign.plan.closes, campaign.plan.closes + DAY):
            assert counter.draw_due(day) == 0
        assert counter.draw_due(campaign.plan.closes - DAY) == 1
    assert not Charge.objects.filter(campaign_id__in=[plain.pk, closed.pk]).exists()


def test_a_passed_milestone_stays_passed(campaign, as_release, drawn, monkeypatch):
    contribute(campaign, 100)
    with as_release():
        inbox.move()
        counter.draw_due(TODAY())
        monkeypatch.setattr(mechanism, "draw", lambda *_: np.array([-80]))
        counter.draw_due(TODAY() + DAY)
        assert list(Increment.objects.order_by("day").values_list("noisy", "passed")) == [(104, 50), (-80, 50)]


def test_who_withdraws_after_being_in_an_increment_is_in_no_other(campaign, as_release, drawn, resident):
    given.trip(resident)
    first = give(resident, campaign)
    assert first.rho == pytest.approx(budget.most(campaign.plan))
    with scope(resident=resident.pk):
        grants.stop(grant=Grant.objects.get(), by=resident.pk)
        assert not Withdrawal.objects.exists(), "before its seven days end, no increment has it"
    give(resident, campaign)
    with scope(resident=resident.pk):
        Participation.objects.update(counts_from=TODAY())
        grants.stop(grant=Grant.objects.active().get(), by=resident.pk)
        assert Withdrawal.objects.get().rho == yearly.spent(TODAY()) == 0.02
    again = give(resident, campaign)
    assert again.rho == pytest.approx(budget.most(campaign.plan) - 0.02)
    name = sealing.pseudonym(campaign_id=campaign.pk, about="came back")
    sealed = sealing.seal(b"", campaign_id=campaign.pk, pseudonym=name, plan_sha256=campaign.sha256)
    store.add(campaign_id=campaign.pk, pseudonym=name, sealed=sealed, counts_from=TODAY(), again=True)
    with as_release():
        inbox.move()
        assert Contribution.objects.get(pseudonym=name).again
        counter.draw_due(TODAY())
    assert [count for count, _charged, _rho in drawn] == [0]
    assert across.forget_over(TODAY()) == 0
    with scope(resident=resident.pk):
        Withdrawal.objects.update(withdrawn_on=TODAY() - timedelta(days=366))
        assert yearly.spent(TODAY()) == pytest.approx(again.rho), "a year later it costs nothing"
    assert across.forget_over(TODAY()) == 1
    with scope(resident=resident.pk):
        Withdrawal(resident_id=resident.pk, campaign_id=campaign.pk, withdrawn_on=TODAY(), rho=0.02).save()
    leaving.stop(resident.pk)
    leaving.erase(resident.pk)
    with scope(resident=resident.pk):
        assert not Withdrawal.objects.exists()


def test_pages_files_and_agents_have_the_last_milestone_and_no_other_number(campaign, as_release, drawn, resident):
    assert milestone(campaign) == ""
    contribute(campaign, 1_371)
    with as_release():
        inbox.move()
        counter.draw_due(TODAY())
    given.trip(resident)
    agent = signed_in(AgentFactory())
    told = {name: Client() for name in ("register", "register_csv", "sheet", "sheet_json", "plan_json")}
    told |= dict.fromkeys(("inbox", "plan", "preview"), agent)
    pages = {
        name: client.get(reverse(f"plans:{name}", args=[] if "regist" in name or name == "inbox" else [campaign.code]))
        for name, client in told.items()
    }
    pages["take_part"] = signed_in(resident).get(reverse("contributions:take_part", args=[campaign.code]))
    spaces = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", " "))
    for name, page in pages.items():
        assert page.status_code == 200, name
        text = page.content.decode().translate(spaces)
        assert re.findall(r"\b1 ?37[15]\b", text) == [], name
        assert ("Plus de 1 000 réponses" in text) == (name == "sheet"), name
    campaign.state = State.CLOSED
    assert milestone(campaign) == ""
    assert {Increment, Contribution, Withdrawal, Participation} & set(admin.site._registry) == set()
