"""The rights of the portal's role on the journal, the register and the keys, under the name that WEB_ROLE gives it."""

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LOGS = "core_journalleaf, core_journalentry, core_journalseal, core_checkpoint, core_registerentry"
RIGHTS = (
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {LOGS} FROM {{role}}",
    f"GRANT SELECT, INSERT ON {LOGS} TO {{role}}",
    "GRANT UPDATE (anchored_at) ON core_checkpoint TO {role}",
    "GRANT USAGE ON SEQUENCE core_journalleaf_id_seq, core_journalseal_id_seq TO {role}",
    "REVOKE ALL ON SCHEMA keystore FROM {role}",
    "GRANT USAGE ON SCHEMA keystore TO {role}",
    "REVOKE ALL ON keystore.resident_key FROM {role}",
    "GRANT SELECT, INSERT, DELETE ON keystore.resident_key TO {role}",
    "GRANT EXECUTE ON FUNCTION core_erase_journal(uuid) TO {role}",
)


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the rights of the role. A developer's database may have a single role: production's checks refuse that."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            for sentence in RIGHTS:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):
    dependencies = [("core", "0011_counted_rows")]

    operations = [migrations.RunPython(set_rights, migrations.RunPython.noop)]
