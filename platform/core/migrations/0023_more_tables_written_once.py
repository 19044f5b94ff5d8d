"""More rows that are written once: those whose columns came under a MAC since."""

from django.db import migrations

TABLES = "journal_contest labels_complaint records_draft records_grantevent sharing_sharedfact"


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0022_key_and_city_stay"),
        ("journal", "0002_contests_under_a_mac"),
        ("labels", "0014_complaints_under_a_mac"),
        ("records", "0009_events_and_drafts_under_a_mac"),
        ("sharing", "0006_copies_under_a_mac"),
    ]

    operations = [
        migrations.RunSQL(
            f"SELECT core_write_once('{table}')",
            f"DROP TRIGGER core_written_once ON {table}; DROP TRIGGER core_same_id ON {table}",
        )
        for table in TABLES.split()
    ]
