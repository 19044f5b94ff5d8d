"""An urgent access stays while its vault exists, with its time: the day of rest after one is counted from it."""

from django.db import migrations

GUARD = """
CREATE FUNCTION sharing_urgent_access_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM keystore.resident_key WHERE resident_id = OLD.resident_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'an urgent access stays while its vault exists: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sharing_urgent_access_stays BEFORE DELETE ON sharing_emergencyaccess
    FOR EACH ROW EXECUTE FUNCTION sharing_urgent_access_stays();
CREATE TRIGGER sharing_urgent_access_dated BEFORE UPDATE OF resident_id, created_at ON sharing_emergencyaccess
    FOR EACH ROW WHEN ((OLD.resident_id, OLD.created_at) IS DISTINCT FROM (NEW.resident_id, NEW.created_at))
    EXECUTE FUNCTION sharing_urgent_access_stays();
"""
FORMER = "DROP FUNCTION sharing_urgent_access_stays() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0006_copies_under_a_mac"), ("core", "0012_named_role")]

    operations = [migrations.RunSQL(GUARD, FORMER)]
