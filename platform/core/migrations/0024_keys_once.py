"""A resident's key that was deleted is never inserted again, functions find the portal's tables alone, and the portal's
role writes none of Django's own tables of rights and migrations.

Guards let entries and urgent accesses go once their vault has no key: it must be gone for good by then.
"""

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The unique index of core_written refuses it also to a transaction that is too old to see the first key. After the
# insertion, since an INSERT may find its key there and do nothing. In the keys' schema, which is restored first.
ONCE = """
CREATE FUNCTION keystore.key_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.core_written (name) VALUES (sha256(convert_to('key of ' || NEW.resident_id, 'UTF8')));
    RETURN NULL;
END $$;
INSERT INTO core_written (name)
    SELECT sha256(convert_to('key of ' || resident_id, 'UTF8')) FROM keystore.resident_key ON CONFLICT DO NOTHING;
CREATE TRIGGER key_once AFTER INSERT ON keystore.resident_key FOR EACH ROW EXECUTE FUNCTION keystore.key_once();
"""
AGAIN = "DROP TRIGGER key_once ON keystore.resident_key; DROP FUNCTION keystore.key_once()"
FUNCTIONS = ("core_append_only()", "core_write_once(regclass, interval)")
#: Written by `migrate`, and by nothing else.
READ_ONLY = "django_migrations, django_content_type, auth_permission, auth_group, auth_group_permissions"


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the rights of the role, as 0012 does."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            role = schema_editor.quote_name(settings.WEB_ROLE)
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {READ_ONLY} FROM {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0023_more_tables_written_once"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(ONCE, AGAIN),
        *(
            migrations.RunSQL(
                f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
                f"ALTER FUNCTION {name} RESET search_path",
            )
            for name in FUNCTIONS
        ),
        migrations.RunPython(set_rights, migrations.RunPython.noop),
    ]
