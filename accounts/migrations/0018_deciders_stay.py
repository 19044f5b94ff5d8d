"""The portal's role deletes no nomination and no offered account: each says who may not decide with whom."""

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            role = schema_editor.quote_name(settings.WEB_ROLE)
            cursor.execute(f"REVOKE DELETE ON accounts_nomination, accounts_pendingaccount FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0017_what_a_decision_replaces")]

    operations = [migrations.RunPython(set_rights, migrations.RunPython.noop)]
