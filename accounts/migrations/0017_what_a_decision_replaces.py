from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_seen_before")]

    operations = [
        migrations.AddField(
            model_name="citydecision",
            name="before",
            field=models.JSONField(
                help_text="what the value replaces, as it was then; empty in rows older than this column", null=True
            ),
        ),
        migrations.AlterField(
            model_name="citydecision",
            name="value",
            field=models.JSONField(
                help_text="days; for urgent access 1, on; a text; of several columns, those that change"
            ),
        ),
    ]
