"""The functions of triggers find the portal's tables alone: a temporary table of the same name hides none."""

from django.db import migrations

FUNCTIONS = ("labels_charter_frozen()", "labels_criterion_frozen()", "labels_frozen()")


class Migration(migrations.Migration):
    dependencies = [("labels", "0014_complaints_under_a_mac")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            f"ALTER FUNCTION {name} RESET search_path",
        )
        for name in FUNCTIONS
    ]
