"""What the database itself refuses: to change a submitted plan, to change or remove a step, to lose a consultation."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION plans_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION plans_campaign_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.created_by_id <> OLD.created_by_id
        OR NEW.created_at <> OLD.created_at
        OR (OLD.state <> 'draft' AND NEW.document <> OLD.document)
        OR (OLD.state <> 'draft' AND NEW.state <> 'draft' AND NEW.sha256 <> OLD.sha256)
        OR (OLD.state IN ('approved', 'open', 'closed', 'destroyed') AND NEW.state IN ('draft', 'submitted', 'refused'))
        OR (OLD.state IN ('open', 'closed', 'destroyed') AND NEW.state NOT IN ('open', 'closed', 'destroyed'))
        OR (OLD.state IN ('refused', 'dropped', 'destroyed') AND NEW.state <> OLD.state)
        OR (OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id)
    THEN
        RAISE EXCEPTION 'a submitted plan never changes: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER plans_campaign_frozen BEFORE UPDATE ON plans_campaign
    FOR EACH ROW EXECUTE FUNCTION plans_campaign_frozen();
CREATE TRIGGER plans_frozen BEFORE DELETE ON plans_campaign FOR EACH ROW EXECUTE FUNCTION plans_frozen();
CREATE TRIGGER plans_frozen BEFORE UPDATE OR DELETE ON plans_campaignevent
    FOR EACH ROW EXECUTE FUNCTION plans_frozen();
CREATE TRIGGER plans_never_emptied BEFORE TRUNCATE ON plans_campaignevent
    FOR EACH STATEMENT EXECUTE FUNCTION plans_frozen();
CREATE TRIGGER plans_never_emptied BEFORE TRUNCATE ON plans_campaign
    FOR EACH STATEMENT EXECUTE FUNCTION plans_frozen();
"""

NO_GUARDS = """
DROP TRIGGER plans_campaign_frozen ON plans_campaign;
DROP TRIGGER plans_frozen ON plans_campaign;
DROP TRIGGER plans_never_emptied ON plans_campaign;
DROP TRIGGER plans_frozen ON plans_campaignevent;
DROP TRIGGER plans_never_emptied ON plans_campaignevent;
DROP FUNCTION plans_campaign_frozen();
DROP FUNCTION plans_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
