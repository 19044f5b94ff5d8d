from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from config import environment
from tests.accounts.factories import signed_in


@pytest.fixture
def awa(resident):
    """A browser in which a resident is signed in."""
    return signed_in(resident)


@pytest.fixture
def tamper(databases):
    """What an administrator of the server can do: triggers do not hold them."""

    @contextmanager
    def open_as_admin():
        with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            yield admin

    return open_as_admin


@pytest.fixture
def as_owner(databases):
    """The block is run as `manage.py purge` is: by the role that owns the tables."""

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
