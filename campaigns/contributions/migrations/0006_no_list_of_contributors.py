"""The portal asks about one contribution, and deletes one, by functions of the database. It lists and counts none.

A right to read pseudonyms, or to delete rows, is a right to count those who contribute.
"""

from django.conf import settings
from django.db import migrations

# Each statement of a volatile function sees what was committed before it: a row that the night moves is found.
FUNCTIONS = """
CREATE FUNCTION campaigns.holds_contribution(the_campaign uuid, the_pseudonym bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM campaigns.arrival WHERE campaign_id = the_campaign AND pseudonym = the_pseudonym)
        OR EXISTS (SELECT FROM campaigns.contribution WHERE campaign_id = the_campaign AND pseudonym = the_pseudonym)
$$;

CREATE FUNCTION campaigns.remove_contribution(the_campaign uuid, the_pseudonym bytea)
RETURNS TABLE (was_moved boolean, its_stamp bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY DELETE FROM campaigns.arrival
        WHERE campaign_id = the_campaign AND pseudonym = the_pseudonym RETURNING false, stamp;
    RETURN QUERY DELETE FROM campaigns.contribution
        WHERE campaign_id = the_campaign AND pseudonym = the_pseudonym RETURNING true, stamp;
END $$;
REVOKE ALL ON FUNCTION campaigns.holds_contribution, campaigns.remove_contribution FROM PUBLIC;
"""
NO_FUNCTIONS = "DROP FUNCTION campaigns.holds_contribution, campaigns.remove_contribution"

#: What the portal may do, under the name that WEB_ROLE gives its role.
OF_THE_PORTAL = (
    "REVOKE ALL ON campaigns.arrival, campaigns.contribution FROM {role}",
    "REVOKE SELECT (campaign_id, pseudonym) ON campaigns.arrival, campaigns.contribution FROM {role}",
    "GRANT INSERT ON campaigns.arrival TO {role}",
    "GRANT EXECUTE ON FUNCTION campaigns.holds_contribution, campaigns.remove_contribution TO {role}",
)


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):
    dependencies = [("contributions", "0005_stamps")]

    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
    ]
