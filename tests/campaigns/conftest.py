"""Campaigns under the roles `web` and `release`, as their processes have them."""

from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from campaigns.contributions import sealing
from config import environment
from tests.campaigns import given
from vault.records.content import holder_catalogue


@pytest.fixture
def as_release(databases, transactional_db):
    """Return a context manager that connects as the role `release`, as its worker does."""

    @contextmanager
    def connected():
        connection.close()
        web = dict(connection.settings_dict)
        connection.settings_dict.update(environment.database(databases.url("release")))
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(web)

    return connected


@pytest.fixture
def holders(db):
    holder_catalogue.load()


@pytest.fixture(autouse=True)
def no_batch_of_another_test():
    sealing.batches.clear()
    yield
    sealing.batches.clear()


@pytest.fixture
def keys_of(databases):
    """Return a function that gives a campaign its keys, on the worker's own connection; deleted after the test."""
    made = []

    def give(campaign):
        given.give_keys(campaign, databases.url("release"))
        made.append(campaign.pk)

    yield give
    with psycopg.connect(databases.url("release"), autocommit=True) as release:
        release.execute("DELETE FROM keystore.campaign_key WHERE campaign_id = ANY(%s)", [made])
