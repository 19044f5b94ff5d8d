"""Contributing: one grant, one reading through the gate, one sealed row; withdrawing deletes it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import store, yearly
from campaigns.contributions.actions import contributing
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Without, of_answers
from campaigns.noise.rows import RowOutOfBounds
from campaigns.plans.states import State
from tests.accounts.factories import signed_in
from tests.campaigns import given
from tests.vault.couples import couple
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import GrantState, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantEvent, GrantReading

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(db, databases, keys_of):
    one = given.opened()
    keys_of(one)
    return one


def give(resident, campaign, without=None, **changes):
    found = given.offered(resident, campaign, without)
    told: dict[str, Any] = {"without": found.without, "seen": found.seen, "shown": {}} | changes
    return contributing.from_vault(resident_id=resident.pk, by=resident.pk, campaign=campaign, **told)


def arrivals():
    return given.waiting()


def test_a_row_leaves_under_one_grant_that_was_read_once(resident, campaign):
    given.trip(resident)
    made = give(resident, campaign)
    assert arrivals() == 1
    with scope(resident=resident.pk):
        [grant] = Grant.objects.all()
        assert (grant.recipient_kind, grant.mode, grant.state) == ("campaign", "keep", GrantState.ACTIVE)
        assert GrantReading.objects.filter(grant=grant).count() == 1
        assert made.counts_from == timezone.localdate() + timedelta(days=7)
    assert grant.ends_at - grant.starts_at <= timedelta(days=366)


def test_what_was_taken_out_does_not_leave_and_is_not_read(resident, campaign):
    kept, out = given.trip(resident), given.trip(resident, debut="2026-11-17T07:41:00+01:00", origine_zone="q12")
    without = Without(frozenset({out.pk}), frozenset({"km"}))
    found = given.offered(resident, campaign, without)
    assert found.row["km"] is None and found.row["trip"] == [1]
    assert {record.record_id for record in found.records} == {kept.pk, out.pk}
    give(resident, campaign, without)
    with scope(resident=resident.pk):
        fields = {row.field for row in Grant.objects.get().fields.all()}
    assert "mobilite.trajet#/segments/*/distance_m" not in fields
    assert "mobilite.trajet#/segments/*/mode" in fields


def test_what_the_page_did_not_show_does_not_leave(resident, campaign):
    given.trip(resident)
    with pytest.raises(grants.Changed):
        give(resident, campaign, seen="another row")
    assert arrivals() == 0
    with scope(resident=resident.pk):
        assert not Participation.objects.exists()
        assert Grant.objects.get().state == GrantState.STOPPED


def test_a_second_click_sends_nothing_more(resident, campaign):
    given.trip(resident)
    give(resident, campaign)
    with pytest.raises(contributing.AlreadyIn):
        give(resident, campaign)
    assert arrivals() == 1
    with scope(resident=resident.pk):
        assert Grant.objects.get().state == GrantState.ACTIVE, "the first one stands"


def test_two_requests_at_once_send_one_row(resident, campaign):
    """The second gives its grant between the first one's grant and its sending: it replaces it."""
    given.trip(resident)
    first: list[Grant] = []

    def read(grant):
        if not first:
            first.append(grant)
            give(resident, campaign)
        return given.offered(resident, campaign)

    found = given.offered(resident, campaign)
    terms = Terms(["mode"], Mode.KEEP)
    with pytest.raises(gate.Refused):
        contributing._contribute(resident.pk, resident.pk, campaign, terms, read, found.seen)
    assert arrivals() == 1
    with scope(resident=resident.pk):
        assert Participation.objects.count() == 1
        assert Grant.objects.active().count() == 1


def test_nobody_contributes_for_somebody_else(resident, stranger, campaign):
    given.trip(resident)
    found = given.offered(resident, campaign)
    with pytest.raises(PermissionDenied):
        contributing.from_vault(
            resident_id=resident.pk,
            by=stranger.pk,
            campaign=campaign,
            without=found.without,
            seen=found.seen,
            shown={},
        )
    assert arrivals() == 0


@pytest.mark.parametrize("happens", ["stop", "pause"])
def test_withdrawing_deletes_the_row_in_the_transaction_that_ends_the_grant(resident, campaign, happens):
    given.trip(resident)
    give(resident, campaign)
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        getattr(grants, happens)(grant=grant, by=resident.pk)
        assert arrivals() == 0
        assert not Participation.objects.exists()
        assert all(event.receipt for event in GrantEvent.objects.filter(grant=grant))
        assert yearly.spent(timezone.localdate()) == 0
    if happens == "stop":
        give(resident, campaign)
        assert arrivals() == 1


def test_a_withdrawal_that_fails_deletes_nothing(resident, campaign, monkeypatch):
    given.trip(resident)
    give(resident, campaign)
    monkeypatch.setattr(grants, "note", lambda *_: 1 / 0)
    with scope(resident=resident.pk), pytest.raises(ZeroDivisionError):
        grants.stop(grant=Grant.objects.get(), by=resident.pk)
    assert arrivals() == 1


def test_who_was_counted_is_not_counted_again(resident, campaign):
    given.trip(resident)
    made = give(resident, campaign)
    given.counted(campaign)
    with scope(resident=resident.pk):
        grants.stop(grant=Grant.objects.get(), by=resident.pk)
        assert Participation.objects.get() == made, "the trace stays: it was counted"
    with pytest.raises(contributing.AlreadyIn):
        give(resident, campaign)


def test_a_year_costs_no_more_than_the_yearly_budget(resident, databases, keys_of):
    given.trip(resident)
    done = []
    with pytest.raises(contributing.BudgetSpent):
        for number in range(9):
            one = given.opened(code=f"c{number}")
            keys_of(one)
            done.append(give(resident, one))
    assert sum(one.rho for one in done) <= 1.0 < sum(one.rho for one in done) + done[0].rho
    with scope(resident=resident.pk):
        Participation.objects.update(joined_on=timezone.localdate() - timedelta(days=366))
    last = given.opened(code="next-year")
    keys_of(last)
    give(resident, last)


def test_only_an_open_campaign_takes_contributions_until_its_last_day(resident, campaign, monkeypatch):
    given.trip(resident)
    found = given.offered(resident, campaign)
    last = campaign.plan.last_day
    for day, refused in ((last, False), (last + timedelta(days=1), True)):
        with scope(resident=resident.pk):
            why = contributing.refusal(campaign=campaign, today=day)
        assert isinstance(why, contributing.NotOpen) == refused
    campaign.state = State.CLOSED
    campaign.save(update_fields=["state"])
    with pytest.raises(contributing.NotOpen):
        contributing.from_vault(
            resident_id=resident.pk,
            by=resident.pk,
            campaign=campaign,
            without=found.without,
            seen=found.seen,
            shown={},
        )


def test_a_campaign_that_closes_while_a_row_is_read_takes_it_no_more(resident, campaign, monkeypatch):
    given.trip(resident)
    found = given.offered(resident, campaign)
    tomorrow = campaign.plan.last_day + timedelta(days=1)

    def read(grant):
        monkeypatch.setattr(timezone, "localdate", lambda *_: tomorrow)
        return found

    terms = Terms(["mode"], Mode.KEEP)
    with pytest.raises(contributing.NotOpen):
        contributing._contribute(resident.pk, resident.pk, campaign, terms, read, found.seen)
    assert arrivals() == 0


def test_typed_answers_leave_without_reading_or_writing_the_vault(resident, campaign):
    answered = of_answers(campaign.plan, {"mode": 1, "trip": [0, 3], "km": 12})
    contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    assert arrivals() == 1
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        assert not grant.fields.exists() and not GrantReading.objects.exists()
        grants.stop(grant=grant, by=resident.pk)
    assert arrivals() == 0


@pytest.mark.parametrize("answer", [{"mode": 3}, {"mode": -1}, {"trip": [0, 1, 2, 3, 0]}, {"km": 81}, {"mode": "1"}])
def test_a_row_out_of_bounds_is_not_sealed(resident, campaign, answer):
    answered = of_answers(campaign.plan, answer)
    with pytest.raises(RowOutOfBounds):
        contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    assert arrivals() == 0
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_nothing_is_sent_when_all_was_taken_out(resident, campaign):
    with pytest.raises(contributing.NothingLeft):
        give(resident, campaign)
    answered = of_answers(campaign.plan, {})
    with pytest.raises(contributing.NothingLeft):
        contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    assert arrivals() == 0


def test_leaving_a_vault_deletes_what_is_not_counted(resident, campaign):
    from core import leaving

    given.trip(resident)
    give(resident, campaign)
    leaving.stop(resident_id=resident.pk)
    assert arrivals() == 0


def test_a_replay_of_the_ledger_deletes_what_is_not_counted(resident, campaign):
    from accounts.actions import closing
    from core.journal import erasures

    given.trip(resident)
    give(resident, campaign)
    erasures.write(erasures.Erasure(resident.pk, timezone.now()))  # and a restore brought the vault back
    assert closing.replay() == 1 and arrivals() == 0


def test_a_stranger_sees_nothing_of_a_participation(resident, stranger, campaign):
    given.trip(resident)
    give(resident, campaign)
    with scope(resident=stranger.pk):
        assert not Participation.objects.exists() and not Grant.objects.exists()
    assert store.holds(campaign_id=campaign.pk, pseudonym=b"another") is False


def test_a_dwelling_is_counted_once_whoever_of_the_household_answers(resident, stranger, keys_of):
    campaign = given.opened(code="chauffage", unit="dwelling")
    keys_of(campaign)
    couple(resident, stranger)
    answered = of_answers(campaign.plan, {"mode": 1})
    first = contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    theirs = signed_in(stranger)
    page = theirs.get(reverse("contributions:answer", args=[campaign.code]), follow=True).content.decode()
    assert "Quelqu’un de votre foyer a déjà répondu" in page
    with pytest.raises(contributing.AlreadyIn):
        contributing.from_answers(resident_id=stranger.pk, by=stranger.pk, campaign=campaign, answered=answered)
    assert arrivals() == 1
    with scope(resident=resident.pk):
        grants.stop(grant=first.grant, by=resident.pk)
    assert arrivals() == 0
    contributing.from_answers(resident_id=stranger.pk, by=stranger.pk, campaign=campaign, answered=answered)
    assert arrivals() == 1


def test_a_resident_whose_household_is_unknown_answers_alone(resident, keys_of):
    campaign = given.opened(code="chauffage", unit="dwelling")
    keys_of(campaign)
    answered = of_answers(campaign.plan, {"mode": 1})
    made = contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    assert made.dwelling is None and arrivals() == 1
