"""A consultation with results, and a vote on it that is open."""

import pytest

from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.results import published


@pytest.fixture
def campaign(transactional_db, databases):
    one = given.opened()
    published.publish_at(databases.url("release"), one, published.drawn(one.plan, 300))
    return one


@pytest.fixture
def vote(campaign, databases):
    one = voted.asked(campaign)
    voted.give_keys(one, databases.url("release"))
    return one
