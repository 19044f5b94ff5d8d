"""The register of the city's public acts, append-only as the journal is."""

from django.db import migrations, models

GUARDS = """
CREATE TRIGGER core_append_only BEFORE UPDATE OR DELETE ON core_registerentry FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_never_emptied BEFORE TRUNCATE ON core_registerentry FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'web') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON core_registerentry FROM web;
        GRANT SELECT, INSERT ON core_registerentry TO web;
    END IF;
END $$;
"""
NO_GUARDS = """
DROP TRIGGER core_append_only ON core_registerentry;
DROP TRIGGER core_never_emptied ON core_registerentry;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0007_row_heads")]

    operations = [
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(help_text="of what it is about: “label”, “charter”", max_length=20)),
                ("subject_id", models.UUIDField(db_index=True)),
                ("event", models.CharField(max_length=40)),
                ("content", models.JSONField()),
                ("chain", models.BinaryField(help_text="SHA-256 over this entry and the former one's chain")),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
