"""Contributions are sealed to their campaign: the portal that wrote them cannot open them."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from campaigns.contributions import sealing, store
from campaigns.contributions.actions import inbox
from campaigns.contributions.actions import keys as verbs
from campaigns.contributions.models import Arrival, Batch, CampaignKey, Contribution
from campaigns.plans.models import Campaign
from core.keys import keyring
from core.operations import key_rotation
from tests.campaigns import given

PLAN = "a" * 64
LATER = date(2026, 12, 5)


@pytest.fixture
def campaign(as_release):
    id = given.opened().pk
    with as_release():
        assert verbs.make(campaign_id=id)
        assert not verbs.make(campaign_id=id), "a second pair would make what was sealed unreadable"
    return id


def contribute(campaign, about, content=b"\0\1", counts_from=LATER, plan=PLAN):
    name = sealing.pseudonym(campaign_id=campaign, about=about)
    with transaction.atomic():
        sealed = sealing.seal(content, campaign_id=campaign, pseudonym=name, plan_sha256=plan)
        store.add(campaign_id=campaign, pseudonym=name, sealed=sealed, counts_from=counts_from)
    return name


def test_the_worker_of_releases_opens_what_the_portal_sealed(campaign, as_release):
    name = contribute(campaign, "awa", b"\0\7")
    assert b"\0\7" not in sealing.pseudonym(campaign_id=campaign, about="awa")
    with as_release():
        [row] = Arrival.objects.all()
        opener = sealing.Opener.of(campaign)
        opened = opener.open(row.batch_id, bytes(row.payload), pseudonym=name, plan_sha256=PLAN)
    assert opened == b"\0\7"


def test_a_payload_moved_to_another_pseudonym_plan_or_campaign_is_not_opened(campaign, as_release):
    name = contribute(campaign, "awa")
    with as_release():
        [row] = Arrival.objects.all()
        opener = sealing.Opener.of(campaign)
        places = [(b"x" * 32, PLAN, row.batch_id), (name, "b" * 64, row.batch_id), (name, PLAN, uuid4())]
        for pseudonym, plan, batch in places:
            with pytest.raises(sealing.Unreadable):
                opener.open(batch, bytes(row.payload), pseudonym=pseudonym, plan_sha256=plan)
        for payload in (b"", bytes(row.payload)[:-1], b"\0" * 40):
            with pytest.raises(sealing.Unreadable):
                opener.open(row.batch_id, payload, pseudonym=name, plan_sha256=PLAN)


def test_the_portal_cannot_open_a_contribution(campaign):
    contribute(campaign, "awa")
    for reading in (
        lambda: list(Arrival.objects.all()),
        lambda: list(Batch.objects.all()),
        lambda: sealing.Opener.of(campaign),
    ):
        with pytest.raises(DatabaseError, match="permission denied"):
            reading()


def test_a_process_seals_a_day_under_one_batch_key_and_forgets_it_on_the_next(campaign, as_release, monkeypatch):
    contribute(campaign, "awa")
    contribute(campaign, "bruno")
    with as_release():
        assert Batch.objects.count() == 1
    public = bytes(CampaignKey.objects.values_list("public", flat=True).get())
    assert sealing.batches.get(public)
    tomorrow = timezone.localdate() + timedelta(days=1)
    monkeypatch.setattr(timezone, "localdate", lambda *_: tomorrow)
    assert sealing.batches.get(public) is None
    contribute(campaign, "chloe")
    with as_release():
        assert Batch.objects.count() == 2


def test_a_batch_key_whose_row_was_rolled_back_seals_nothing_more(campaign, as_release):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sealing.seal(b"\0", campaign_id=campaign, pseudonym=b"p" * 32, plan_sha256=PLAN)
        raise ZeroDivisionError
    name = contribute(campaign, "awa")
    with as_release():
        [row] = Arrival.objects.all()
        opener = sealing.Opener.of(campaign)
        assert opener.open(row.batch_id, bytes(row.payload), pseudonym=name, plan_sha256=PLAN)


def test_pseudonyms_differ_by_person_and_campaign_and_say_nothing_without_the_key(campaign, as_release):
    other = uuid4()
    with as_release():
        verbs.make(campaign_id=other)
    names = {
        sealing.pseudonym(campaign_id=one, about=about) for one in (campaign, other) for about in ("awa", "bruno")
    }
    assert len(names) == 4
    assert names >= {sealing.pseudonym(campaign_id=campaign, about="awa")}


def test_without_keys_nobody_contributes(as_release, db):
    with pytest.raises(sealing.NoKeys):
        sealing.pseudonym(campaign_id=uuid4(), about="awa")
    with pytest.raises(sealing.NoKeys):
        sealing.seal(b"\0", campaign_id=uuid4(), pseudonym=b"p", plan_sha256=PLAN)


def test_the_night_moves_all_arrivals_of_the_days_before_in_one_transaction(campaign, as_release):
    today = timezone.localdate()
    plan = Campaign.objects.get().sha256
    names = [contribute(campaign, str(one), counts_from=today + timedelta(days=6), plan=plan) for one in range(30)]
    fresh = contribute(campaign, "today", counts_from=today + timedelta(days=7), plan=plan)
    with as_release():
        assert inbox.move() == 30
        assert inbox.move() == 0
        assert [bytes(name) for name in Arrival.objects.values_list("pseudonym", flat=True)] == [fresh]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pseudonym, xmin::text FROM campaigns.contribution ORDER BY ctid")
            rows = cursor.fetchall()
    assert len({number for _name, number in rows}) == 1, "one transaction"
    order = [bytes(name) for name, _number in rows]
    assert set(order) == set(names)
    assert order != names, "the order of arrival is not the order of rows (one chance in 30!)"


def test_batches_are_deleted_once_nothing_needs_them(campaign, as_release):
    old = timezone.localdate() - timedelta(days=3)
    kept, unused = uuid4(), uuid4()
    Batch.objects.bulk_create([Batch(id=id, campaign_id=campaign, made_on=old, sealed=b"") for id in (kept, unused)])
    store.add(
        campaign_id=campaign,
        pseudonym=b"p",
        sealed=sealing.Sealed(kept, b"", Campaign.objects.get().sha256),
        counts_from=timezone.localdate() + timedelta(days=4),
    )
    contribute(campaign, "today")
    with as_release():
        inbox.move()
        left = set(Batch.objects.values_list("pk", flat=True))
    assert kept in left and unused not in left and len(left) == 2


def test_destroying_the_keys_leaves_nothing_to_open(campaign, as_release):
    contribute(campaign, "awa")
    with as_release():
        assert verbs.destroy(campaign_id=campaign)
        assert not verbs.destroy(campaign_id=campaign)
        with pytest.raises(sealing.NoKeys):
            sealing.Opener.of(campaign)
        assert not any(model.objects.exists() for model in (CampaignKey, Batch, Arrival, Contribution))


def test_a_rotation_counts_and_rewraps_a_campaigns_keys(campaign, as_release, databases):
    """The portal counts them without reading the private half; the owner rewraps both."""
    name = contribute(campaign, "awa")
    kid = keyring().current
    before = key_rotation.counts()[kid][1]
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        from config import environment

        patch.setitem(connection.settings_dict, "USER", environment.database(databases.url("owner"))["USER"])
        replaced = [
            keeper.replace(pk, text, f"other:{text.rpartition(':')[2]}")
            for keeper in sealing.KEEPERS
            for pk, text in keeper.texts()
        ]
        connection.close()
    assert replaced == [1, 1]
    assert key_rotation.counts()["other"][1] == 2
    assert key_rotation.counts()[kid][1] == before - 2
    assert name
