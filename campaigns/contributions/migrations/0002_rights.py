"""What the roles `web` and `release` may do with campaigns, and rows that never change.

`owner` gives `web` every right on a new table by default, so each table revokes first. A database made without our
roles still migrates: no campaign opens there.
"""

from django.conf import settings
from django.db import migrations

FROZEN = """
CREATE FUNCTION campaigns.never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% never changes', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON campaigns.charge FOR EACH ROW EXECUTE FUNCTION campaigns.never_changes();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON campaigns.charge FOR EACH STATEMENT EXECUTE FUNCTION campaigns.never_changes();
CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON campaigns.publication FOR EACH ROW EXECUTE FUNCTION campaigns.never_changes();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON campaigns.publication FOR EACH STATEMENT EXECUTE FUNCTION campaigns.never_changes();
"""
NOT_FROZEN = """
DROP TRIGGER never_changes ON campaigns.charge;
DROP TRIGGER never_emptied ON campaigns.charge;
DROP TRIGGER never_changes ON campaigns.publication;
DROP TRIGGER never_emptied ON campaigns.publication;
DROP FUNCTION campaigns.never_changes();
"""

# The lock is held to the end of the transaction: a parallel charge then sees this one.
BUDGET = """
CREATE FUNCTION campaigns.within_budget() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first double precision; spent double precision;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('campaign charge ' || NEW.campaign_id || NEW."window", 0));
    SELECT coalesce(sum(rho), 0), min("limit") INTO spent, first FROM campaigns.charge
        WHERE campaign_id = NEW.campaign_id AND "window" = NEW."window";
    IF spent + NEW.rho > least(first, NEW."limit") + 1e-9 THEN
        RAISE EXCEPTION 'the budget of this window is spent' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_budget BEFORE INSERT ON campaigns.charge FOR EACH ROW EXECUTE FUNCTION campaigns.within_budget();
"""
NO_BUDGET = """
DROP TRIGGER within_budget ON campaigns.charge;
DROP FUNCTION campaigns.within_budget();
"""

#: What the portal may do, under the name that WEB_ROLE gives its role.
OF_THE_PORTAL = (
    "REVOKE ALL ON SCHEMA campaigns FROM {role}",
    "GRANT USAGE ON SCHEMA campaigns TO {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA campaigns FROM {role}",
    "GRANT INSERT, DELETE, SELECT (campaign_id, pseudonym) ON campaigns.arrival TO {role}",
    "GRANT DELETE, SELECT (campaign_id, pseudonym) ON campaigns.contribution TO {role}",
    "GRANT INSERT ON campaigns.batch TO {role}",
    "GRANT SELECT ON campaigns.release_run, campaigns.charge, campaigns.publication TO {role}",
    "REVOKE ALL ON keystore.campaign_key FROM {role}",
    "GRANT SELECT (campaign_id, public, private_kid, pseudonyms) ON keystore.campaign_key TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT USAGE ON SCHEMA campaigns, keystore TO release;
        GRANT SELECT, DELETE ON campaigns.arrival TO release;
        GRANT SELECT, INSERT, DELETE ON campaigns.contribution TO release;
        GRANT SELECT, DELETE ON campaigns.batch TO release;
        GRANT SELECT, INSERT, UPDATE ON campaigns.release_run TO release;
        GRANT SELECT, INSERT ON campaigns.charge, campaigns.publication TO release;
        GRANT SELECT, INSERT, DELETE ON keystore.campaign_key TO release;
        GRANT SELECT, INSERT, UPDATE ON core_workerbeat TO release;
        GRANT SELECT ON plans_campaign, core_citykey TO release;
    END IF;
END $$;
"""
NO_RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        REVOKE ALL ON core_workerbeat, core_citykey, plans_campaign FROM release;
        REVOKE ALL ON SCHEMA keystore FROM release;
    END IF;
END $$;
"""


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):
    dependencies = [("contributions", "0001_initial"), ("plans", "0001_initial")]

    operations = [
        migrations.RunSQL(FROZEN, NOT_FROZEN),
        migrations.RunSQL(BUDGET, NO_BUDGET),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
    ]
