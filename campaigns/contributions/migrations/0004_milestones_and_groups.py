import uuid

from django.conf import settings
from django.db import migrations, models

FROZEN = """
CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON campaigns.increment FOR EACH ROW EXECUTE FUNCTION campaigns.never_changes();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON campaigns.increment FOR EACH STATEMENT EXECUTE FUNCTION campaigns.never_changes();
"""
# For workers of the former version. Not `db_default`: Django would read the column back, which `web` may not.
DEFAULTS = """
ALTER TABLE campaigns.arrival ALTER COLUMN again SET DEFAULT false;
ALTER TABLE campaigns.contribution ALTER COLUMN again SET DEFAULT false;
"""
NOT_FROZEN = """
DROP TRIGGER never_changes ON campaigns.increment;
DROP TRIGGER never_emptied ON campaigns.increment;
"""
#: The portal shows milestones. It reads no increment.
OF_THE_PORTAL = (
    "REVOKE ALL ON campaigns.increment FROM {role}",
    "GRANT SELECT (campaign_id, day, passed) ON campaigns.increment TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT SELECT, INSERT ON campaigns.increment TO release;
    END IF;
END $$;
"""


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


AGAIN = "milestones have counted it before it was withdrawn: they do not count it again"


class Migration(migrations.Migration):
    dependencies = [("contributions", "0003_dwellings")]

    operations = [
        migrations.AddField(
            model_name="arrival",
            name="again",
            field=models.BooleanField(default=False, help_text=AGAIN),
        ),
        migrations.AddField(
            model_name="contribution",
            name="again",
            field=models.BooleanField(default=False, help_text=AGAIN),
        ),
        migrations.CreateModel(
            name="Increment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("campaign_id", models.UUIDField()),
                ("day", models.DateField()),
                ("noisy", models.IntegerField(help_text="charged before it was drawn, and never drawn again")),
                (
                    "passed",
                    models.PositiveIntegerField(
                        help_text="the last milestone, by the increments up to this one; or 0"
                    ),
                ),
            ],
            options={
                "db_table": 'campaigns"."increment',
                "constraints": [
                    models.UniqueConstraint(fields=("campaign_id", "day"), name="increment_once_a_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("mac", models.BinaryField(default=bytes, help_text="of the columns that decide")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("resident_id", models.UUIDField(db_index=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("campaign_id", models.UUIDField()),
                ("withdrawn_on", models.DateField()),
                ("rho", models.FloatField()),
                (
                    "dwelling",
                    models.UUIDField(
                        help_text="where the campaign counts dwellings: the household's pseudonym", null=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("resident_id", "campaign_id"), name="withdrawal_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("mac", models.BinaryField(default=bytes, help_text="of the columns that decide")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("campaign_id", models.UUIDField(db_index=True)),
                ("key", models.BinaryField(unique=True)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("mac", models.BinaryField(default=bytes, help_text="of the columns that decide")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("resident_id", models.UUIDField(db_index=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("campaign_id", models.UUIDField()),
                ("key", models.BinaryField(help_text="of the invitation", unique=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("resident_id", "campaign_id"), name="membership_once")
                ],
            },
        ),
        migrations.RunSQL(DEFAULTS, migrations.RunSQL.noop),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
