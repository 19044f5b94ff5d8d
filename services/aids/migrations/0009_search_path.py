"""The functions of triggers find the portal's tables alone: a temporary table of the same name hides none."""

from django.db import migrations

FUNCTIONS = ("aids_cases_frozen()", "aids_forget_kept_runs()", "aids_urgent_frozen()", "aids_version_frozen()")


class Migration(migrations.Migration):
    dependencies = [("aids", "0008_versions_signed")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            f"ALTER FUNCTION {name} RESET search_path",
        )
        for name in FUNCTIONS
    ]
