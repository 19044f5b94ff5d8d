"""What the database itself refuses: to change or remove what two agents decided on, or a published charter."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION labels_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION labels_charter_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'a published charter never changes: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION labels_criterion_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM labels_charterversion WHERE published_at IS NOT NULL
            AND (TG_OP <> 'INSERT' AND id = OLD.charter_id OR TG_OP <> 'DELETE' AND id = NEW.charter_id)) THEN
        RAISE EXCEPTION 'a published charter never changes: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER labels_frozen BEFORE UPDATE OF id, service_id, content, sha256, created_at OR DELETE
    ON labels_purposeversion FOR EACH ROW EXECUTE FUNCTION labels_frozen();
CREATE TRIGGER labels_frozen
    BEFORE UPDATE OF id, number, service_id, request_id, valid_from, valid_until, snapshot, sha256 OR DELETE
    ON labels_label FOR EACH ROW EXECUTE FUNCTION labels_frozen();
CREATE TRIGGER labels_frozen BEFORE UPDATE OF id, label_id, version_id OR DELETE
    ON labels_labelpurpose FOR EACH ROW EXECUTE FUNCTION labels_frozen();
CREATE TRIGGER labels_never_emptied BEFORE TRUNCATE ON labels_purposeversion
    FOR EACH STATEMENT EXECUTE FUNCTION labels_frozen();
CREATE TRIGGER labels_never_emptied BEFORE TRUNCATE ON labels_label
    FOR EACH STATEMENT EXECUTE FUNCTION labels_frozen();
CREATE TRIGGER labels_charter_frozen BEFORE UPDATE OR DELETE ON labels_charterversion
    FOR EACH ROW EXECUTE FUNCTION labels_charter_frozen();
CREATE TRIGGER labels_criterion_frozen BEFORE INSERT OR UPDATE OR DELETE ON labels_criterion
    FOR EACH ROW EXECUTE FUNCTION labels_criterion_frozen();
"""

NO_GUARDS = """
DROP TRIGGER labels_frozen ON labels_purposeversion;
DROP TRIGGER labels_frozen ON labels_label;
DROP TRIGGER labels_frozen ON labels_labelpurpose;
DROP TRIGGER labels_never_emptied ON labels_purposeversion;
DROP TRIGGER labels_never_emptied ON labels_label;
DROP TRIGGER labels_charter_frozen ON labels_charterversion;
DROP TRIGGER labels_criterion_frozen ON labels_criterion;
DROP FUNCTION labels_frozen();
DROP FUNCTION labels_charter_frozen();
DROP FUNCTION labels_criterion_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("labels", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
