from django.db import migrations, models

GUARD = """
CREATE FUNCTION core_job_stays_done() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a job that is done stays so: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER core_job_stays_done BEFORE UPDATE OF state ON core_job
    FOR EACH ROW WHEN (OLD.state = 'done' AND NEW.state <> 'done') EXECUTE FUNCTION core_job_stays_done();
"""
FORMER = "DROP FUNCTION core_job_stays_done() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("core", "0026_phones_under_a_mac")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="mac",
            field=models.BinaryField(default=bytes, help_text="of the columns that decide"),
        ),
        migrations.RunSQL(GUARD, FORMER),
    ]
