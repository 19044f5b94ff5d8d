"""Whoever writes to the database as `release`, without the keyring, opens no contribution and no ballot."""

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from campaigns.contributions import sealing
from core.rows import Forged
from tests.campaigns import given
from tests.campaigns.contributions.test_releasing import contribute


@pytest.fixture
def campaign(transactional_db, databases):
    one = given.opened()
    given.give_keys(one, databases.url("release"))
    mine = X25519PrivateKey.generate().public_key().public_bytes_raw()
    with psycopg.connect(databases.url("release"), autocommit=True) as release:
        release.execute("CREATE TEMP TABLE kept AS SELECT * FROM keystore.campaign_key")
        release.execute("DELETE FROM keystore.campaign_key")
        release.execute("UPDATE kept SET public = %s", [mine])
        release.execute("INSERT INTO keystore.campaign_key SELECT * FROM kept")
    yield one
    with psycopg.connect(databases.url("release"), autocommit=True) as release:
        release.execute("DELETE FROM keystore.campaign_key")


def test_no_contribution_is_sealed_to_a_key_of_somebody_else(campaign):
    with pytest.raises(Forged):
        contribute(campaign, 1)


def test_no_ballot_is_sealed_to_a_key_of_somebody_else(campaign):
    with pytest.raises(Forged):
        sealing.seal_alone(b"1", campaign_id=campaign.pk, info=b"ballot")
