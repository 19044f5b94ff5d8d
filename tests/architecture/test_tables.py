"""Each table and each column of the database says what it decides, or why it decides nothing.

The database's own catalogue is read: third parties' tables and those of raw SQL are there too.
"""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Field, Model

from config.tables import COLUMNS, TABLES, free_columns
from core.models.rows import AuthenticatedRow, Decides, Key, Nothing

pytestmark = pytest.mark.django_db
#: `kept` is where tests/emptying.py puts what a test finds.
CATALOGUE = """
SELECT space.nspname, class.relname, column_.attname FROM pg_class class
JOIN pg_namespace space ON space.oid = class.relnamespace
JOIN pg_attribute column_ ON column_.attrelid = class.oid AND column_.attnum > 0 AND NOT column_.attisdropped
WHERE class.relkind IN ('r', 'p', 'f', 'm', 'v') AND space.nspname !~ '^pg_'
    AND space.nspname NOT IN ('information_schema', 'kept')
"""


def tables() -> dict[str, set[str]]:
    """Return the columns of each table. One outside the usual schema is named with its own."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE)
        for schema, table, column in cursor.fetchall():
            found.setdefault(table if schema == "public" else f"{schema}.{table}", set()).add(column)
    return found


def models() -> dict[str, type[Model]]:
    return {model._meta.db_table.replace('"', ""): model for model in apps.get_models() if not model._meta.proxy}


def undeclared(columns: set[str], model: type[Model] | None) -> set[str]:
    """Return the columns of which nothing says what they decide."""
    decides = getattr(model, "decides", None)
    if model is None or decides is None:
        return columns
    if isinstance(decides, Nothing):
        return columns - {field.column for field in model._meta.local_fields}
    said = {*decides.columns, *free_columns(model._meta.label)}
    said |= {"mac"} if issubclass(model, AuthenticatedRow) else set()
    said |= {"resident_id"} if decides.key is Key.RESIDENT else set()  # the MAC is under its key
    fields = [field for field in model._meta.local_fields if field.primary_key or field.name in said]
    return columns - {field.column for field in fields if isinstance(field, Field)}


def test_each_table_and_column_of_the_database_is_declared() -> None:
    known, found = models(), tables()
    assert len(found) > 100 and {"core_cache", "keystore.resident_key", "campaigns.ballot"} <= found.keys()
    left = {table: undeclared(columns, known.get(table)) for table, columns in found.items() if table not in TABLES}
    assert {table: columns for table, columns in left.items() if columns} == {}


def test_a_declaration_names_a_table_and_columns_that_are_there() -> None:
    known, found = models(), tables()
    assert {table for table in TABLES if table not in found or hasattr(known.get(table), "decides")} == set()
    by_label = {model._meta.label: model for model in known.values()}
    for label in COLUMNS:
        decides = by_label[label].decides  # type: ignore[attr-defined]
        names = {field.name for field in by_label[label]._meta.local_fields}
        assert isinstance(decides, Decides), label
        assert {*free_columns(label)} <= names - {*decides.columns}, label


def test_a_table_that_nobody_declared_is_named() -> None:
    assert undeclared({"id", "words"}, None) == {"id", "words"}
    user = models()["accounts_user"]
    assert undeclared({"id", "email", "mac", "last_login", "new_column"}, user) == {"new_column"}
