"""The functions of triggers find the portal's tables alone: a temporary table of the same name hides none."""

from django.db import migrations

FUNCTIONS = ("debates_frozen()",)


class Migration(migrations.Migration):
    dependencies = [("debates", "0004_database_clock_and_two_boxes")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            f"ALTER FUNCTION {name} RESET search_path",
        )
        for name in FUNCTIONS
    ]
