"""The code of an invitation serves once, also if the row of who joined with it is deleted."""

from django.db import migrations

# The unique index of core_written refuses a second one.
ONCE = """
CREATE FUNCTION contributions_code_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.key <> OLD.key THEN
        INSERT INTO public.core_written (name) VALUES (sha256(convert_to('invitation', 'UTF8') || NEW.key));
    END IF;
    RETURN NULL;
END $$;
INSERT INTO core_written (name)
    SELECT sha256(convert_to('invitation', 'UTF8') || key) FROM contributions_membership ON CONFLICT DO NOTHING;
CREATE TRIGGER contributions_code_once AFTER INSERT OR UPDATE OF key ON contributions_membership
    FOR EACH ROW EXECUTE FUNCTION contributions_code_once();
"""
FORMER = "DROP FUNCTION contributions_code_once() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("contributions", "0007_search_path"), ("core", "0020_written_once")]

    operations = [migrations.RunSQL(ONCE, FORMER)]
