"""Versions carry a MAC. A frozen row takes one, and nothing else, when the operator signs it."""

from django.db import migrations, models

GUARDS = """
CREATE OR REPLACE FUNCTION procedures_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['state', 'closed_at', 'updated_at', 'mac'];
    steps text[] := ARRAY['state', 'published_by_id', 'published_at', 'updated_at', 'mac'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'tested') THEN
            RAISE EXCEPTION 'a version begins as a draft: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'closed') THEN
        IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.state <> 'closed'
            OR to_jsonb(NEW) - ends IS DISTINCT FROM to_jsonb(OLD) - ends
        THEN
            RAISE EXCEPTION 'a published version never changes: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.state = 'closed' OR (NEW.state = 'published'
        AND (OLD.state <> 'tested' OR to_jsonb(NEW) - steps IS DISTINCT FROM to_jsonb(OLD) - steps)) THEN
        RAISE EXCEPTION 'only a proposed version is published: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER procedures_version_frozen ON procedures_procedure;
CREATE TRIGGER procedures_version_frozen BEFORE INSERT OR DELETE ON procedures_procedure
    FOR EACH ROW EXECUTE FUNCTION procedures_version_frozen();
CREATE TRIGGER procedures_version_frozen_but_mac BEFORE UPDATE ON procedures_procedure FOR EACH ROW
    WHEN (to_jsonb(NEW) - 'mac' IS DISTINCT FROM to_jsonb(OLD) - 'mac') EXECUTE FUNCTION procedures_version_frozen();
"""
FORMER = """
DROP TRIGGER procedures_version_frozen_but_mac ON procedures_procedure;
DROP TRIGGER procedures_version_frozen ON procedures_procedure;
CREATE TRIGGER procedures_version_frozen BEFORE INSERT OR UPDATE OR DELETE ON procedures_procedure
    FOR EACH ROW EXECUTE FUNCTION procedures_version_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("procedures", "0002_office")]

    operations = [
        migrations.AddField(
            model_name="procedure",
            name="mac",
            field=models.BinaryField(default=bytes, help_text="of the columns that decide"),
        ),
        migrations.RunSQL(GUARDS, FORMER),
    ]
