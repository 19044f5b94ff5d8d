"""The functions of triggers find the portal's tables alone: a temporary table of the same name hides none."""

from django.db import migrations

FUNCTIONS = ("campaigns.never_changes()", "campaigns.within_budget()")


class Migration(migrations.Migration):
    dependencies = [("contributions", "0006_no_list_of_contributors")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            f"ALTER FUNCTION {name} RESET search_path",
        )
        for name in FUNCTIONS
    ]
