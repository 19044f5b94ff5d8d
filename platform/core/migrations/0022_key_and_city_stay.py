"""The city's key is changed by the owner of the tables only, and the city's row is deleted by nobody.

A former key's row would have `rows sign` believe rows without a MAC again; without the city's row, pages would show no
telephone.
"""

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RIGHTS = (
    "REVOKE UPDATE, DELETE, TRUNCATE ON core_citykey FROM {role}",
    "GRANT SELECT, INSERT ON core_citykey TO {role}",
    "REVOKE DELETE, TRUNCATE ON core_city FROM {role}",
)
STAYS = """
CREATE FUNCTION core_city_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN RAISE EXCEPTION 'the city''s row is never deleted'; END $$;
CREATE TRIGGER city_stays BEFORE DELETE OR TRUNCATE ON core_city EXECUTE FUNCTION core_city_stays();
"""
GOES = "DROP TRIGGER city_stays ON core_city; DROP FUNCTION core_city_stays();"


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the rights of the role, as 0012 does."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            for sentence in RIGHTS:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):
    dependencies = [("core", "0021_tables_written_once")]

    operations = [migrations.RunPython(set_rights, migrations.RunPython.noop), migrations.RunSQL(STAYS, GOES)]
