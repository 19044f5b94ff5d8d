"""Stamps of contributions, the tally of those that are to be there, and what the two roles may do with them."""

import uuid

from django.conf import settings
from django.db import migrations, models

# For workers of the former version. Not `db_default`: Django would read the column back, which `web` may not.
DEFAULTS = """
ALTER TABLE campaigns.arrival ALTER COLUMN stamp SET DEFAULT '';
ALTER TABLE campaigns.contribution ALTER COLUMN stamp SET DEFAULT '';
"""
#: The portal notes the stamp of a row that it deletes. It reads no tally.
OF_THE_PORTAL = (
    "REVOKE ALL ON campaigns.tally, campaigns.withdrawn_stamp FROM {role}",
    "GRANT INSERT ON campaigns.withdrawn_stamp TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns.tally TO release;
        GRANT SELECT, DELETE ON campaigns.withdrawn_stamp TO release;
        GRANT UPDATE (stamp) ON campaigns.arrival, campaigns.contribution TO release;
        GRANT UPDATE (pseudonyms) ON keystore.campaign_key TO release;
    END IF;
END $$;
"""


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


STAMP = "of the portal, when it was given (stamping.py)"


class Migration(migrations.Migration):
    dependencies = [("contributions", "0004_milestones_and_groups")]

    operations = [
        migrations.AddField(
            model_name="arrival", name="stamp", field=models.BinaryField(default=bytes, help_text=STAMP)
        ),
        migrations.AddField(
            model_name="contribution", name="stamp", field=models.BinaryField(default=bytes, help_text=STAMP)
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("campaign_id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("count", models.PositiveIntegerField()),
                ("mac", models.BinaryField()),
            ],
            options={"db_table": 'campaigns"."tally'},
        ),
        migrations.CreateModel(
            name="WithdrawnStamp",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("stamp", models.BinaryField()),
                ("campaign_id", models.UUIDField()),
                ("mac", models.BinaryField()),
            ],
            options={"db_table": 'campaigns"."withdrawn_stamp'},
        ),
        migrations.RunSQL(DEFAULTS, migrations.RunSQL.noop),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
