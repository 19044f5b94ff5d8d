"""Campaigns under the roles `web` and `release`, as their processes have them."""

from contextlib import contextmanager

import pytest
from django.db import connection

from campaigns.contributions import sealing
from config import environment


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


@pytest.fixture(autouse=True)
def no_batch_of_another_test():
    sealing.batches.clear()
    yield
    sealing.batches.clear()
