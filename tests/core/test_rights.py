"""The rights that the database gives the running role on keys and journal."""

from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django_scopes import scope
from django_scopes.exceptions import ScopeError

from core.models import ResidentKey
from core.residents import prepare

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("rights")]
MODELS_OF_A_RESIDENT = [
    model for model in apps.get_models() if any(field.name == "resident_id" for field in model._meta.fields)
]


def allowed(role: str, what: str, right: str) -> bool:
    kind = "schema" if what == "keystore" else "function" if "(" in what else "table"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT has_{kind}_privilege(%s, %s, %s)", [role, what, right])
        return bool(cursor.fetchone()[0])


def test_the_running_role_is_neither_owner_nor_superuser():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("web", False, False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("what", "rights"),
    [
        ("core_journalleaf", {"SELECT", "INSERT"}),
        ("core_journalentry", {"SELECT", "INSERT"}),
        ("core_registerentry", {"SELECT", "INSERT"}),
        ("keystore.resident_key", {"SELECT", "INSERT", "DELETE"}),
        ("core_job", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("core_cache", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
    ],
)
def test_the_running_role_has_exactly_these_rights(what, rights):
    every = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
    assert {right for right in every if allowed("web", what, right)} == rights


def test_only_the_running_role_may_use_the_keys_schema():
    assert allowed("web", "keystore", "USAGE")
    assert not allowed("web", "keystore", "CREATE")
    assert not allowed("public", "keystore", "USAGE")
    assert not allowed("public", "core_erase_journal(uuid)", "EXECUTE")


def test_only_the_owner_may_purge_the_journal():
    assert not allowed("public", "core_purge_journal(uuid[])", "EXECUTE")
    assert not allowed("web", "core_purge_journal(uuid[])", "EXECUTE")
    assert allowed("owner", "core_purge_journal(uuid[])", "EXECUTE")


def test_a_wrapped_key_can_be_erased_but_not_replaced():
    person = uuid4()
    prepare(person)
    with scope(resident=person):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            ResidentKey.objects.update(wrapped=b"")
        assert ResidentKey.objects.all().delete()[0] == 1


def test_dumps_can_leave_the_keys_out(databases):
    with psycopg.connect(databases.url("owner")) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'keystore'").fetchall()
    assert sorted(tables) == [("campaign_key",), ("publisher_key",), ("resident_key",)]


def test_the_migrations_are_reversible(as_owner):
    """Migrations must also run on a database of another owner: rights are granted only to existing roles."""
    with as_owner():
        call_command("migrate", "core", "0001", verbosity=0)
        call_command("migrate", verbosity=0)
    assert allowed("web", "core_journalleaf", "INSERT")
    assert not allowed("web", "core_journalleaf", "DELETE")


def test_no_migration_is_missing():
    call_command("makemigrations", "core", "--check", "--dry-run", verbosity=0)


def test_residents_rows_cannot_be_queried_outside_a_scope():
    assert len(MODELS_OF_A_RESIDENT) > 5
    for model in MODELS_OF_A_RESIDENT:
        with pytest.raises(ScopeError):
            list(model._default_manager.all())
        with pytest.raises(ScopeError):
            model._default_manager.count()
        with scope(resident=uuid4()):
            assert model._default_manager.count() == 0


def test_a_role_of_another_name_gets_the_same_rights(databases):
    """The migration's sentences, on a role that a city named itself and that had every right."""
    named = import_module("core.migrations.0012_named_role")
    tables = ("core_journalentry", "core_registerentry", "keystore.resident_key")
    with psycopg.connect(databases.url("admin")) as admin:
        admin.execute("CREATE ROLE portail_de_test")
        for schema in ("public", "keystore"):
            admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO portail_de_test")
        for sentence in named.RIGHTS:
            admin.execute(sentence.format(role="portail_de_test"))
        for table in tables:
            for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                of = [
                    admin.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right]).fetchone()
                    for role in ("portail_de_test", "web")
                ]
                assert of[0] == of[1], (table, right)
        admin.rollback()
