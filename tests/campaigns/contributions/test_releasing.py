"""Releasing: what is charged before noise is drawn, what a killed process leaves, what is frozen, what is deleted."""

import json
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import (
    across,
    agreements,
    budget,
    freezing,
    opening,
    sealing,
    store,
    withdrawing,
    yearly,
)
from campaigns.contributions.actions import contributing, following, inbox, releasing
from campaigns.contributions.actions import keys as key_verbs
from campaigns.contributions.enums import RunState
from campaigns.contributions.models import (
    Arrival,
    Batch,
    Charge,
    Contribution,
    Participation,
    Publication,
    ReleaseRun,
)
from campaigns.contributions.offer import of_answers
from campaigns.noise import mechanism, verifying
from campaigns.noise.publication import Publication as Drawn
from campaigns.noise.rows import Row, pack
from campaigns.plans.opening import NotPrepared
from campaigns.plans.states import State
from core.keyrings import KeysDown
from tests.campaigns import given
from vault.records.actions import grants
from vault.records.enums import GrantState
from vault.records.models import Grant


@pytest.fixture
def campaign(transactional_db, as_release):
    one = given.opened()
    with as_release():
        key_verbs.make(campaign_id=one.pk)
    return one


def contribute(campaign, count, *, ago=30, start=0):
    """Seal contributions that were given some days ago, by people without vaults."""
    plan = campaign.plan
    row: Row = {"mode": 0, "home": 1, "trip": [0, 1], "age": 1, "km": 7}
    from_ = timezone.localdate() - timedelta(days=ago - 7)
    with transaction.atomic():
        for number in range(start, start + count):
            name = sealing.pseudonym(campaign_id=campaign.pk, about=f"person {number}")
            packed = pack(plan, {**row, "mode": number % 3})
            sealed = sealing.seal(packed, campaign_id=campaign.pk, pseudonym=name, plan_sha256=plan.sha256)
            store.add(campaign_id=campaign.pk, pseudonym=name, sealed=sealed, counts_from=from_)


def tick(on):
    releasing.prepare(on)
    inbox.move()
    return releasing.run_due()


@pytest.fixture
def first(campaign):
    return campaign.plan.windows[0].release


def charges(campaign):
    return list(Charge.objects.filter(campaign_id=campaign.pk).order_by("at").values_list("table", "attempt"))


def test_a_release_counts_publishes_and_deletes_what_it_counted(campaign, first, as_release):
    contribute(campaign, 300)
    with as_release():
        assert tick(first - timedelta(days=1)) == 0, "its date has not come"
        assert tick(first) == 1
        assert tick(first) == 0, "a window is released once"
        assert not Contribution.objects.exists()
    [publication] = Publication.objects.all()
    assert freezing.problems(publication) == []
    drawn = Drawn(json.loads(publication.document))
    assert [one for one in verifying.problems(drawn, campaign.plan) if "before its window" not in one] == []
    assert 100 < json.loads(publication.document)["noisy_n"]["value"] < 500
    tables = [table.code for table in campaign.plan.tables]
    assert charges(campaign) == [(name, 1) for name in (mechanism.CHECK, *tables)]


def test_what_is_still_in_its_seven_days_waits_for_the_next_window(campaign, first, as_release):
    contribute(campaign, 200)
    late = (first - timezone.localdate()).days
    contribute(campaign, 50, ago=-late + 7, start=200)
    with as_release():
        tick(first)
        inbox.move()
        assert Contribution.objects.count() + Arrival.objects.count() == 50


class Killed(BaseException):
    """Ends a process as a kill does: no handler catches it."""


@pytest.mark.parametrize("killed_at", ["charge", "noise", "freeze"])
def test_a_killed_release_is_not_drawn_again_without_a_second_charge(
    campaign, first, as_release, monkeypatch, killed_at
):
    contribute(campaign, 150)
    real_draw, real_frozen = mechanism.draw, freezing.frozen

    def kill_after_the_charge(*_arguments):
        raise Killed

    def kill_after_the_noise(*arguments):
        real_draw(*arguments)
        raise Killed

    def kill_before_the_freeze(**arguments):
        real_frozen(**arguments)
        raise Killed

    place = {
        "charge": (mechanism, "draw", kill_after_the_charge),
        "noise": (mechanism, "draw", kill_after_the_noise),
        "freeze": (freezing, "frozen", kill_before_the_freeze),
    }[killed_at]
    with as_release():
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(*place)
            tick(first)
        spent = len(charges(campaign))
        assert spent == (6 if killed_at == "freeze" else 1), "the charge stays"
        assert Contribution.objects.count() == 150, "the contributions are back"
        assert not Publication.objects.exists()
        tick(first)
        attempts = {attempt for _table, attempt in charges(campaign)}
    total = sum(Charge.objects.filter(campaign_id=campaign.pk).values_list("rho", flat=True))
    assert total <= budget.window_limit(campaign.plan) + 1e-9
    if budget.attempts(campaign.plan) == 2:
        assert attempts == {1, 2} and Publication.objects.exists()
    else:
        assert ReleaseRun.objects.get().state == RunState.STOPPED
        assert not Publication.objects.exists()


def test_a_window_may_be_drawn_twice_where_its_class_has_room(transactional_db):
    plan = given.opened().plan
    assert budget.attempts(plan) == 1 and budget.most(plan) == pytest.approx(plan.rho)
    low = given.opened(code="low", sensitivity="low").plan
    assert budget.attempts(low) == 2 and budget.most(low) == pytest.approx(2 * low.rho) and budget.most(low) <= 0.5


def test_a_second_draw_is_charged_anew_and_published(transactional_db, as_release, monkeypatch):
    campaign = given.opened(sensitivity="low")
    with as_release():
        key_verbs.make(campaign_id=campaign.pk)
    contribute(campaign, 150)
    first = campaign.plan.windows[0].release
    with as_release():
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(freezing, "frozen", lambda **_: (_ for _ in ()).throw(Killed()))
            tick(first)
        assert tick(first) == 1
    assert {attempt for _table, attempt in charges(campaign)} == {1, 2}


def test_while_the_keys_do_not_answer_nothing_is_charged_and_the_release_waits(
    campaign, first, as_release, monkeypatch
):
    contribute(campaign, 150)

    def down(_campaign_id):
        raise KeysDown

    with as_release():
        with monkeypatch.context() as patch:
            patch.setattr(sealing.Opener, "of", down)
            assert tick(first) == 0
        assert charges(campaign) == []
        assert ReleaseRun.objects.get().state == RunState.WAITING
        assert tick(first) == 1


def test_too_few_contributions_wait_and_the_last_window_gives_up(campaign, first, as_release):
    contribute(campaign, 5)
    with as_release():
        tick(first)
        assert Contribution.objects.count() == 5, "they wait for the next window"
        tick(campaign.plan.closes)
        assert releasing.finish(campaign.plan.closes) == 1
    states = list(ReleaseRun.objects.order_by("due").values_list("state", flat=True))
    assert states == [RunState.SKIPPED, RunState.SKIPPED]
    assert {table for table, _attempt in charges(campaign)} == {mechanism.CHECK}
    first_one, second = Publication.objects.order_by("window")
    assert second.previous_sha256 == first_one.sha256
    assert [freezing.problems(one) for one in (first_one, second)] == [[], []]


def test_a_withdrawal_during_a_release_waits_for_its_end_and_finds_that_it_was_counted(
    campaign, first, as_release, monkeypatch, resident
):
    contribute(campaign, 150)
    name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    found: list[bool | None] = []
    real = mechanism.draw

    def draw(*arguments):
        if not found:
            found.append(None)
            withdrawal.start()
            withdrawal.join(0.3)
            assert withdrawal.is_alive(), "it waits"
        return real(*arguments)

    web = dict(connection.settings_dict)

    def withdraw():
        connection.settings_dict.update(web)
        found[0] = store.remove(campaign_id=campaign.pk, pseudonym=name)
        connection.close()

    withdrawal = Thread(target=withdraw)
    monkeypatch.setattr(mechanism, "draw", draw)
    with as_release():
        assert tick(first) == 1
        withdrawal.join(10)
    assert found == [False]


def test_a_withdrawal_before_a_release_is_not_counted(campaign, first, as_release):
    contribute(campaign, 120)
    with as_release():
        inbox.move()
    name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    assert store.remove(campaign_id=campaign.pk, pseudonym=name)
    with as_release():
        taken = list(releasing._taken(campaign.pk, first))
    assert len(taken) == 119 and name not in {one.pseudonym for one in taken}


def test_a_publication_says_when_it_was_changed(campaign, first, as_release, tamper):
    contribute(campaign, 150)
    with as_release():
        tick(first)
    with tamper() as admin:
        admin.execute(
            "UPDATE campaigns.publication SET document = replace(document, '\"version\":2', '\"version\":3')"
        )
    [publication] = Publication.objects.all()
    assert freezing.problems(publication) == ["the document is not the one of the hash"]
    with tamper() as admin:
        admin.execute("UPDATE campaigns.publication SET \"window\" = 'w2'")
    publication.refresh_from_db()
    assert "the note is about another publication" in freezing.problems(publication)


def test_after_the_last_window_keys_and_contributions_are_destroyed_and_the_register_says_so(campaign, as_release):
    contribute(campaign, 150)
    with as_release():
        tick(campaign.plan.closes)
        releasing.finish(campaign.plan.closes)
        with pytest.raises(sealing.NoKeys):
            sealing.Opener.of(campaign.pk)
    following.follow()
    following.follow()
    campaign.refresh_from_db()
    assert campaign.state == State.DESTROYED
    assert not following.is_needed()


def test_a_campaign_opens_once_the_worker_of_releases_has_made_its_keys(transactional_db, as_release):
    campaign = given.opened()
    assert opening.refusal() == ""
    with pytest.raises(NotPrepared):
        opening.prepare(campaign)
    with as_release():
        releasing.prepare(timezone.localdate())
    opening.prepare(campaign)


def test_a_database_without_the_roles_opens_no_campaign(transactional_db, databases, monkeypatch):
    from config import environment

    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "USER", environment.database(databases.url("owner"))["USER"])
        assert opening.refusal()
        connection.close()


def test_what_a_resident_spent_is_what_was_charged_once_they_are_counted(campaign, first, as_release, resident):
    from tests.campaigns.contributions.test_contributing import give

    given.trip(resident)
    made = give(resident, campaign)
    today = timezone.localdate()
    with scope(resident=resident.pk):
        assert yearly.spent(today) == pytest.approx(budget.most(campaign.plan))
        Participation.objects.update(counts_from=first - timedelta(days=2))
    name = sealing.pseudonym(campaign_id=campaign.pk, about=withdrawing.about(resident.pk))
    with as_release():
        contributed = ReleaseRun(campaign_id=campaign.pk, window="w1", due=first, state=RunState.PUBLISHED)
        contributed.save(force_insert=True)
        Charge(campaign_id=campaign.pk, window="w1", attempt=1, table="t", rho=0.1, limit=0.2, at=timezone.now()).save(
            force_insert=True
        )
    store.remove(campaign_id=campaign.pk, pseudonym=name)
    with scope(resident=resident.pk):
        assert yearly.spent(today) == pytest.approx(0.1)
    assert made.rho > 0.1


def test_at_the_end_of_retention_nothing_that_was_given_is_left(as_release, transactional_db, resident, monkeypatch):
    """The worker was away for the last window: the retention ends all the same, and says so in the register."""
    campaign = given.opened(retention_months=1)
    with as_release():
        key_verbs.make(campaign_id=campaign.pk)
    answered = of_answers(campaign.plan, {"mode": 1})
    contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=answered)
    contribute(campaign, 20)
    end = timezone.localdate(agreements.ends_at(campaign.plan))
    with as_release():
        releasing.prepare(end - timedelta(days=1))
        inbox.move()
        assert releasing.finish(end - timedelta(days=1)) == 0 and Contribution.objects.exists()
        assert releasing.finish(end) == 1
        releasing.prepare(end)
        assert not sealing.has_keys(campaign.pk), "the next tick makes no new keys"
        assert not Contribution.objects.exists() and not Arrival.objects.exists() and not Batch.objects.exists()
        assert set(ReleaseRun.objects.values_list("state", flat=True)) == {RunState.STOPPED}
        assert releasing.run_due() == 0
    following.follow()
    following.follow()
    campaign.refresh_from_db()
    assert campaign.state == State.DESTROYED
    assert across.forget_over(end) == 0, "it still counts in the resident's year"
    joined = timezone.localdate()
    assert across.forget_over(joined + timedelta(days=366)) == 1
    monkeypatch.setattr(timezone, "now", lambda: agreements.ends_at(campaign.plan) + timedelta(minutes=1))
    assert grants.close_expired_grants() >= 1
    with scope(resident=resident.pk):
        assert Grant.objects.get(recipient_kind="campaign").state == GrantState.OVER
