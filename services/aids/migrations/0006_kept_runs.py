"""What is kept of a resident's last run. It goes in the transaction that withdraws one of their records."""

import uuid

import django.utils.timezone
from django.db import migrations, models

FORGOTTEN = """
CREATE FUNCTION aids_forget_kept_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM aids_keptrun WHERE resident_id IN (SELECT resident_id FROM changed WHERE withdrawn_at IS NOT NULL);
    RETURN NULL;
END $$;

CREATE TRIGGER aids_forget_kept_runs AFTER UPDATE ON records_record
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION aids_forget_kept_runs();
"""
KEPT = """
DROP TRIGGER aids_forget_kept_runs ON records_record;
DROP FUNCTION aids_forget_kept_runs();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("aids", "0005_two_persons"),
        ("records", "0006_events_of_grants"),
    ]
    operations = [
        migrations.CreateModel(
            name="KeptRun",
            fields=[
                ("mac", models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("resident_id", models.UUIDField(db_index=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("version", models.PositiveIntegerField(default=0, help_text="counts the writings of `content`")),
                ("content", models.BinaryField()),
            ],
            options={"verbose_name": "calcul gardé", "verbose_name_plural": "calculs gardés"},
        ),
        migrations.AddConstraint(
            model_name="keptrun",
            constraint=models.UniqueConstraint(fields=("resident_id",), name="aids_one_kept_run"),
        ),
        migrations.RunSQL(FORGOTTEN, KEPT),
    ]
