"""What serves once (core/once.py). The database refuses to let it serve again, whoever asks."""

from django.db import migrations, models
from django.db.models.functions import Now

GUARD = """
CREATE FUNCTION core_used_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.at := now();
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '8 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'what was used stays so for eight days: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER core_used_stays BEFORE INSERT OR UPDATE OR DELETE ON core_used
    FOR EACH ROW EXECUTE FUNCTION core_used_stays();
CREATE TRIGGER core_used_never_emptied BEFORE TRUNCATE ON core_used
    FOR EACH STATEMENT EXECUTE FUNCTION core_used_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0014_empty_cache")]

    operations = [
        migrations.CreateModel(
            name="Used",
            fields=[
                (
                    "name",
                    models.BinaryField(
                        help_text="an HMAC under the city's key", primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(db_default=Now())),
            ],
            options={"indexes": [models.Index(fields=["at"], name="used_purge")]},
        ),
        migrations.RunSQL(GUARD, "DROP FUNCTION core_used_stays() CASCADE"),
    ]
