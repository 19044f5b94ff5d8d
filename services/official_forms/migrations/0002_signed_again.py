"""A frozen form takes another MAC, and nothing else, when the operator signs it under a longer list of columns."""

from django.db import migrations

GUARD = """
DROP TRIGGER official_form_frozen ON official_forms_officialform;
CREATE TRIGGER official_form_frozen BEFORE INSERT OR DELETE ON official_forms_officialform
    FOR EACH ROW EXECUTE FUNCTION official_form_frozen();
CREATE TRIGGER official_form_frozen_but_mac BEFORE UPDATE ON official_forms_officialform FOR EACH ROW
    WHEN (to_jsonb(NEW) - 'mac' IS DISTINCT FROM to_jsonb(OLD) - 'mac') EXECUTE FUNCTION official_form_frozen();
"""
FORMER = """
DROP TRIGGER official_form_frozen_but_mac ON official_forms_officialform;
DROP TRIGGER official_form_frozen ON official_forms_officialform;
CREATE TRIGGER official_form_frozen BEFORE INSERT OR UPDATE OR DELETE ON official_forms_officialform
    FOR EACH ROW EXECUTE FUNCTION official_form_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("official_forms", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, FORMER)]
