"""Whoever writes to the database, as the portal's role or as `release`, adds nobody to a consultation.

Nor do they drop somebody unnoticed."""

import secrets
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils import timezone

from campaigns.contributions import sealing, store
from campaigns.contributions.actions import counter, inbox
from campaigns.contributions.actions import keys as key_verbs
from campaigns.contributions.enums import RunState
from campaigns.contributions.models import CampaignKey, Publication, ReleaseRun
from campaigns.noise import mechanism
from campaigns.noise.rows import Row, pack
from tests.campaigns import given
from tests.campaigns.conftest import as_release  # noqa: F401 - a fixture
from tests.campaigns.contributions.test_releasing import contribute, tick

COPIED = "campaign_id, pseudonym, batch_id, counts_from, again, payload"


@pytest.fixture
def campaign(transactional_db, as_release):  # noqa: F811
    one = given.opened()
    with as_release():
        key_verbs.make(campaign_id=one.pk)
    return one


@pytest.fixture
def first(campaign):
    return campaign.plan.windows[0].release


@pytest.fixture
def web(databases, campaign):
    with psycopg.connect(databases.url("web"), autocommit=True) as one:
        yield one


@pytest.fixture
def release(databases, campaign):
    with psycopg.connect(databases.url("release"), autocommit=True) as one:
        yield one


@pytest.fixture
def counted(monkeypatch):
    """Return a list that has how many rows each release counted."""
    numbers = []
    draw = mechanism.release

    def release(plan, window, rows, **more):
        opened = list(rows)
        numbers.append(len(opened))
        return draw(plan, window, iter(opened), **more)

    monkeypatch.setattr(mechanism, "release", release)
    return numbers


def rows_of_nobody(campaign, count=50):
    """Return rows as the attacker makes them: sealed to the public key, which anybody may read."""
    key, batch = secrets.token_bytes(32), uuid4()
    public = X25519PublicKey.from_public_bytes(bytes(CampaignKey.objects.values_list("public", flat=True).get()))
    sealed = sealing.SUITE.encrypt(key, public, sealing.batch_info(campaign.pk, batch))
    row: Row = {"mode": 0, "home": 1, "trip": [0, 1], "age": 1, "km": 7}
    made = []
    for _number in range(count):
        name, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        place = sealing.place_of(campaign.pk, name, campaign.plan.sha256, batch)
        payload = nonce + AESGCM(key).encrypt(nonce, pack(campaign.plan, row), place)
        made.append([campaign.pk, name, batch, timezone.localdate() - timedelta(days=20), False, payload])
    return [batch, campaign.pk, timezone.localdate() - timedelta(days=27), sealed], made


def insert(role, table, campaign):
    batch, made = rows_of_nobody(campaign)
    if role.info.user == "web":
        role.execute("INSERT INTO campaigns.batch (id, campaign_id, made_on, sealed) VALUES (%s, %s, %s, %s)", batch)
    with role.cursor() as cursor:
        cursor.executemany(f"INSERT INTO campaigns.{table} ({COPIED}) VALUES (%s, %s, %s, %s, %s, %s)", made)


def state_of(campaign):
    return ReleaseRun.objects.get(campaign_id=campaign.pk, window=campaign.plan.windows[0].code).state


def test_fifty_contributions_of_nobody_are_not_counted(campaign, first, web, counted, as_release):  # noqa: F811
    contribute(campaign, 40)
    insert(web, "arrival", campaign)
    with as_release():
        tick(first)
        assert state_of(campaign) != RunState.WAITING
    assert counted == [40]


def test_what_the_role_release_inserts_is_not_counted(campaign, first, web, release, counted, as_release):  # noqa: F811
    contribute(campaign, 40)
    batch, made = rows_of_nobody(campaign)
    web.execute("INSERT INTO campaigns.batch (id, campaign_id, made_on, sealed) VALUES (%s, %s, %s, %s)", batch)
    with release.cursor() as cursor:
        cursor.executemany(f"INSERT INTO campaigns.contribution ({COPIED}) VALUES (%s, %s, %s, %s, %s, %s)", made)
    with as_release():
        tick(first)
    assert counted == [40]


def test_contributions_of_nobody_pass_no_milestone(transactional_db, databases, as_release, monkeypatch):  # noqa: F811
    campaign, drawn = given.opened(sensitivity="low", milestones=True), []
    with as_release():
        key_verbs.make(campaign_id=campaign.pk)
    contribute(campaign, 3)
    with psycopg.connect(databases.url("web"), autocommit=True) as one:
        insert(one, "arrival", campaign)
    draw = mechanism.draw

    def noted(counts, *more):
        drawn.append(counts)
        return draw(counts, *more)

    monkeypatch.setattr(mechanism, "draw", noted)
    with as_release():
        inbox.move()
        counter.draw_due(timezone.localdate())
    assert drawn == [[3]]


def test_a_contribution_that_somebody_else_deletes_is_missed(campaign, first, release, as_release):  # noqa: F811
    contribute(campaign, 40)
    with as_release():
        inbox.move()
    name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    release.execute("DELETE FROM campaigns.contribution WHERE pseudonym = %s", [name])
    with as_release():
        tick(first)
        assert state_of(campaign) == RunState.WAITING and not Publication.objects.exists()


def test_a_batch_that_is_deleted_is_missed(campaign, first, release, as_release):  # noqa: F811
    contribute(campaign, 40)
    with as_release():
        inbox.move()
    release.execute("DELETE FROM campaigns.batch")
    with as_release():
        tick(first)
        assert state_of(campaign) == RunState.WAITING and not Publication.objects.exists()


def test_a_withdrawn_contribution_put_back_is_not_counted(campaign, first, release, counted, as_release):  # noqa: F811
    contribute(campaign, 40)
    with as_release():
        inbox.move()
    name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    release.execute("CREATE TEMP TABLE kept AS SELECT * FROM campaigns.contribution WHERE pseudonym = %s", [name])
    assert store.remove(campaign_id=campaign.pk, pseudonym=name)
    release.execute("INSERT INTO campaigns.contribution SELECT * FROM kept")
    with as_release():
        tick(first)
        assert state_of(campaign) != RunState.WAITING
    assert counted == [39]


def test_a_counted_contribution_put_back_is_not_counted_again(campaign, first, release, as_release):  # noqa: F811
    contribute(campaign, 300)
    with as_release():
        inbox.move()
    release.execute("CREATE TEMP TABLE kept AS SELECT * FROM campaigns.contribution")
    with as_release():
        assert tick(first) == 1
    release.execute("INSERT INTO campaigns.contribution SELECT * FROM kept")
    with as_release():
        assert tick(campaign.plan.windows[1].release) == 0


def test_one_contribution_is_not_counted_under_two_names(campaign, first, release, counted, as_release):  # noqa: F811
    contribute(campaign, 40)
    with as_release():
        inbox.move()
    copied = COPIED.replace("pseudonym", "%s")
    release.execute(
        f"INSERT INTO campaigns.contribution ({COPIED}) SELECT {copied} FROM campaigns.contribution LIMIT 1",
        [secrets.token_bytes(32)],
    )
    with as_release():
        tick(first)
    assert counted == [40]


def test_what_residents_gave_and_withdrew_is_published(campaign, first, counted, as_release):  # noqa: F811
    """The same steps without the attack succeed."""
    contribute(campaign, 40)
    with as_release():
        inbox.move()
    name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    assert store.remove(campaign_id=campaign.pk, pseudonym=name)
    with as_release():
        tick(first)
        assert state_of(campaign) != RunState.WAITING
    assert counted == [39]
