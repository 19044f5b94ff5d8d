"""Stamps of contributions: what an upgrade believes, once; what no stranger keeps a resident from."""

import base64
from datetime import timedelta

import psycopg
import pytest

from campaigns.contributions import sealing, stamping, store
from campaigns.contributions.actions import inbox
from campaigns.contributions.actions import keys as key_verbs
from campaigns.contributions.models import Contribution, Tally, WithdrawnStamp
from core.keys import protect
from tests.campaigns import given
from tests.campaigns.contributions.test_releasing import contribute, tick


@pytest.fixture
def campaign(transactional_db, as_release):
    one = given.opened()
    with as_release():
        key_verbs.make(campaign_id=one.pk)
    return one


def as_before(campaign, databases):
    """Make the campaign one of the former version: neither its key nor its rows know of stamps."""
    key = protect.protect(base64.b64encode(sealing.hmac_key(campaign.pk)).decode(), purpose=sealing.PSEUDONYMS)
    with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
        admin.execute("UPDATE keystore.campaign_key SET pseudonyms = %s", [key])
        admin.execute("UPDATE campaigns.arrival SET stamp = ''")
        admin.execute("UPDATE campaigns.contribution SET stamp = ''")
        admin.execute("DELETE FROM campaigns.tally")


def test_contributions_from_before_are_believed_once(campaign, databases, as_release):
    contribute(campaign, 150)
    with as_release():
        inbox.move()
    contribute(campaign, 150, start=150)
    as_before(campaign, databases)
    with as_release():
        tick(campaign.plan.windows[0].release - timedelta(days=1))
        assert Contribution.objects.count() == 300
        assert stamping.is_whole(campaign, stamping.look(campaign))
    with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
        name = sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
        admin.execute("UPDATE campaigns.contribution SET stamp = '' WHERE pseudonym = %s", [name])
    with as_release():
        inbox.move()
        present = stamping.look(campaign)
        assert len(present.others) == 1 and not stamping.is_whole(campaign, present)


def test_a_withdrawal_leaves_its_stamp_until_the_next_release(campaign, as_release):
    contribute(campaign, 300)
    with as_release():
        inbox.move()
    assert store.remove(
        campaign_id=campaign.pk, pseudonym=sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    )
    with as_release():
        assert WithdrawnStamp.objects.count() == 1
        assert tick(campaign.plan.windows[0].release) == 1
        assert not WithdrawnStamp.objects.exists() and Tally.objects.get().count == 0


def test_a_stamp_noted_by_a_stranger_keeps_nobody_from_withdrawing(campaign, databases, as_release):
    contribute(campaign, 300)
    with as_release():
        inbox.move()
    with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
        admin.execute(
            "INSERT INTO campaigns.withdrawn_stamp (id, campaign_id, stamp, mac)"
            " SELECT gen_random_uuid(), campaign_id, stamp, '' FROM campaigns.contribution"
        )
    assert store.remove(
        campaign_id=campaign.pk, pseudonym=sealing.pseudonym(campaign_id=campaign.pk, about="person 3")
    )
    with as_release():
        assert tick(campaign.plan.windows[0].release) == 1


def test_destroying_the_keys_leaves_no_stamp(campaign, as_release):
    contribute(campaign, 3)
    with as_release():
        inbox.move()
        key_verbs.destroy(campaign_id=campaign.pk)
        assert not Tally.objects.exists() and not WithdrawnStamp.objects.exists()
