"""Sessions get the portal's MAC, and accounts name those under way. Sessions of before end: people sign in again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_two_persons_in_offices")]

    operations = [
        migrations.RunSQL("DELETE FROM accounts_session", migrations.RunSQL.noop),
        migrations.AddField(
            "session",
            "mac",
            models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide"),
        ),
        migrations.AddField(
            "user",
            "live_sessions",
            models.JSONField(
                default=dict,
                editable=False,
                help_text="the start of each session under way, by the row's id: another one opens nothing, also put back",
            ),
        ),
    ]
