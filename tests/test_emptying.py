"""The connection of a test that committed serves the next one: a new one plans every query and trigger again."""

import pytest
from django.db import connection

from tests.conftest import Databases


@pytest.mark.django_db(transaction=True)
def test_a_connection_as_the_portals_own_stays_open(databases: Databases) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [used] = cursor.fetchone()
    assert [*databases.idle()] == [used]
