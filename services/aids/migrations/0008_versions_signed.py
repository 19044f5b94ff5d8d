"""Versions and their cases carry a MAC. A frozen row takes one, and nothing else, when the operator signs it."""

from django.db import migrations, models

URGENT = """
CREATE OR REPLACE FUNCTION aids_urgent_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['state', 'closed_at', 'updated_at', 'mac'];
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
    IF NEW.state = 'closed' OR (NEW.state = 'published' AND OLD.state <> 'tested')
        OR (NEW.state = 'published' AND (NEW.rules <> OLD.rules OR NEW.label <> OLD.label)) THEN
        RAISE EXCEPTION 'only a tested version is published: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""


def but_for_the_mac(table, function):
    """Return the trigger of a table, which lets a row's MAC alone be written."""
    return f"""
DROP TRIGGER {function} ON {table};
CREATE TRIGGER {function} BEFORE INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER {function}_but_mac BEFORE UPDATE ON {table} FOR EACH ROW
    WHEN (to_jsonb(NEW) - 'mac' IS DISTINCT FROM to_jsonb(OLD) - 'mac') EXECUTE FUNCTION {function}();
"""


def whole(table, function):
    return f"""
DROP TRIGGER {function}_but_mac ON {table};
DROP TRIGGER {function} ON {table};
CREATE TRIGGER {function} BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
"""


GUARDED = [
    ("aids_localaid", "aids_version_frozen"),
    ("aids_localaidcase", "aids_cases_frozen"),
    ("aids_urgentsituation", "aids_urgent_frozen"),
]


class Migration(migrations.Migration):
    dependencies = [("aids", "0007_urgent_situations")]

    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name="mac",
                field=models.BinaryField(default=bytes, help_text="of the columns that decide"),
            )
            for name in ("localaid", "localaidcase", "urgentsituation")
        ),
        migrations.RunSQL(URGENT, migrations.RunSQL.noop),
        *(migrations.RunSQL(but_for_the_mac(*one), whole(*one)) for one in GUARDED),
    ]
