"""Statements whose parameters the database receives apart from their text.

The portal's role reads in `pg_stat_activity` what its own connections run. Django writes the values into the text: who
writes as that role would read a pseudonym, a sealed ballot and its stamp there, and use them again.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection


def run_apart(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement of this connection, and return its rows, if it has any. Raises as a cursor of Django does."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
