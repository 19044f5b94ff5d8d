"""One version in force, two persons for each; what the database itself refuses: to change a published version."""

from django.db import migrations, models

GUARDS = """
CREATE FUNCTION aids_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'tested') THEN
            RAISE EXCEPTION 'a version begins as a draft: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'closed') THEN
        IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.state <> 'closed'
            OR ROW(NEW.id, NEW.code, NEW.version, NEW.label, NEW.valid_from, NEW.valid_to, NEW.review_on, NEW.rules,
                   NEW.shipped, NEW.written_by_id, NEW.written_at, NEW.published_by_id, NEW.published_at)
            IS DISTINCT FROM
               ROW(OLD.id, OLD.code, OLD.version, OLD.label, OLD.valid_from, OLD.valid_to, OLD.review_on, OLD.rules,
                   OLD.shipped, OLD.written_by_id, OLD.written_at, OLD.published_by_id, OLD.published_at)
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

CREATE FUNCTION aids_cases_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT state INTO held FROM aids_localaid WHERE id = OLD.aid_id;
        IF held IN ('published', 'closed') THEN
            RAISE EXCEPTION 'a published version never changes: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    SELECT state INTO held FROM aids_localaid WHERE id = NEW.aid_id;
    IF held IN ('published', 'closed') THEN
        RAISE EXCEPTION 'a published version never changes: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER aids_version_frozen BEFORE INSERT OR UPDATE OR DELETE ON aids_localaid
    FOR EACH ROW EXECUTE FUNCTION aids_version_frozen();
CREATE TRIGGER aids_cases_frozen BEFORE INSERT OR UPDATE OR DELETE ON aids_localaidcase
    FOR EACH ROW EXECUTE FUNCTION aids_cases_frozen();
"""

NO_GUARDS = """
DROP TRIGGER aids_version_frozen ON aids_localaid;
DROP TRIGGER aids_cases_frozen ON aids_localaidcase;
DROP FUNCTION aids_version_frozen();
DROP FUNCTION aids_cases_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("aids", "0004_versions")]

    operations = [
        migrations.RemoveField(model_name="localaid", name="active"),
        migrations.AlterModelOptions(
            name="localaid",
            options={
                "ordering": ["label", "-version"],
                "verbose_name": "aide locale",
                "verbose_name_plural": "aides locales",
            },
        ),
        migrations.AddConstraint(
            model_name="localaid",
            constraint=models.UniqueConstraint(fields=("code", "version"), name="aids_local_version_once"),
        ),
        migrations.AddConstraint(
            model_name="localaid",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")), fields=("code",), name="aids_local_one_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="localaid",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "tested", "published", "closed"])),
                name="aids_local_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="localaid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("published_by", None), ("shipped", True), ("written_by", None)),
                    models.Q(
                        ("shipped", False),
                        ("written_by__isnull", False),
                        models.Q(
                            ("published_by", None),
                            models.Q(("published_by", models.F("written_by")), _negated=True),
                            _connector="OR",
                        ),
                        models.Q(
                            models.Q(("state__in", ["closed", "published"]), _negated=True),
                            ("published_by__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="aids_local_two_persons",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
