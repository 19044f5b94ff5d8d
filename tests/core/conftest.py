from contextlib import contextmanager

import pytest
from django.db import connection

from config import environment
from tests.accounts.factories import signed_in


@pytest.fixture
def awa(resident):
    """Return a browser in which a resident is signed in."""
    return signed_in(resident)


@pytest.fixture
def as_owner(databases):
    """Return a context manager that connects as the owner of the tables, as `manage.py purge` does."""

    @contextmanager
    def connected_as_owner():
        connection.close()
        web = dict(connection.settings_dict)
        connection.settings_dict.update(environment.database(databases.url("owner")))
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(web)

    return connected_as_owner
