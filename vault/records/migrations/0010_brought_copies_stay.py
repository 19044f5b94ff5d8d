"""The note that a signed copy was brought stays while its vault exists: one copy serves one vault."""

from django.db import migrations

GUARD = """
CREATE FUNCTION records_brought_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM keystore.resident_key WHERE resident_id = OLD.resident_id) THEN
        RAISE EXCEPTION 'a copy that was brought stays while its vault exists: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER records_brought_stays BEFORE DELETE ON records_brought
    FOR EACH ROW EXECUTE FUNCTION records_brought_stays();
CREATE FUNCTION records_brought_same() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a copy that was brought keeps its vault and its hash: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER records_brought_same BEFORE UPDATE OF resident_id, manifest_sha256 ON records_brought
    FOR EACH ROW
    WHEN ((OLD.resident_id, OLD.manifest_sha256) IS DISTINCT FROM (NEW.resident_id, NEW.manifest_sha256))
    EXECUTE FUNCTION records_brought_same();
"""
FORMER = "DROP FUNCTION records_brought_stays() CASCADE; DROP FUNCTION records_brought_same() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("records", "0009_events_and_drafts_under_a_mac"), ("core", "0012_named_role")]

    operations = [migrations.RunSQL(GUARD, FORMER)]
