"""The OAuth server's keys are written once: those that were replaced do not come back, nor serve the other server."""

from django.db import migrations

# The function of the city's own key (core 0020): it writes down a hash of each `protected`, and refuses it again.
ONCE = """
INSERT INTO core_written (name) SELECT sha256(convert_to(protected, 'UTF8')) FROM access_serverkeys
    ON CONFLICT DO NOTHING;
CREATE TRIGGER access_keys_written_once BEFORE INSERT OR UPDATE OF protected ON access_serverkeys
    FOR EACH ROW EXECUTE FUNCTION core_city_key_written_once();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0007_auth_time"), ("core", "0020_written_once")]

    operations = [migrations.RunSQL(ONCE, "DROP TRIGGER access_keys_written_once ON access_serverkeys")]
