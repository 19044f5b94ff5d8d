"""The functions of triggers find the portal's tables alone: a temporary table of the same name hides none."""

from django.db import migrations

FUNCTIONS = ("official_form_frozen()",)


class Migration(migrations.Migration):
    dependencies = [("official_forms", "0002_signed_again")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            f"ALTER FUNCTION {name} RESET search_path",
        )
        for name in FUNCTIONS
    ]
