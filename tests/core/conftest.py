from contextlib import contextmanager

import psycopg
import pytest

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
