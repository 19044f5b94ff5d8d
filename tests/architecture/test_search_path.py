"""A function of ours finds the portal's tables, whatever the search path and the temporary tables of who calls it."""

from django.db import connection

#: `kept` is of the tests (tests/emptying.py).
FUNCTIONS = """
    SELECT oid::regprocedure::text, coalesce(array_to_string(proconfig, ' '), '') FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|kept$)')
"""
PINNED = {"search_path=pg_catalog, pg_temp", "search_path=pg_catalog, public, pg_temp"}


def test_each_function_has_its_search_path(db):
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        found = dict(cursor.fetchall())
    assert len(found) > 30
    assert [name for name, settings in found.items() if settings not in PINNED] == []
