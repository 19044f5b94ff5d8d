"""A lot that is finished stays finished: its lines, which are sealed for it, are not written again."""

from django.db import migrations

GUARD = """
CREATE FUNCTION holders_lot_stays_finished() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a finished lot stays finished: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER holders_lot_stays_finished BEFORE UPDATE OF finished_at ON holders_lot
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL AND OLD.finished_at IS DISTINCT FROM NEW.finished_at)
    EXECUTE FUNCTION holders_lot_stays_finished();
"""
FORMER = "DROP FUNCTION holders_lot_stays_finished() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("holders", "0005_a_line_not_written")]

    operations = [migrations.RunSQL(GUARD, FORMER)]
