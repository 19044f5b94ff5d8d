"""The database's triggers: one of another app's is named where a reader of the table looks."""

import pytest
from django.apps import apps
from django.db import connection

from ops.cluster import ROOT

TRIGGERS = """
    SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = 'public'
"""


@pytest.mark.django_db
def test_a_trigger_of_another_app_is_named_in_the_architecture():
    tables = {model._meta.db_table: model._meta.app_label for model in apps.get_models(include_auto_created=True)}
    labels = set(tables.values())
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        found = [(name, table) for name, table in cursor.fetchall() if table in tables]
    owners = [(name, next((label for label in labels if name.startswith(f"{label}_")), "")) for name, _table in found]
    foreign = {
        name for (name, owner), (_name, table) in zip(owners, found, strict=True) if owner and owner != tables[table]
    }
    told = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert foreign and {name for name in foreign if f"`{name}`" not in told} == set()
