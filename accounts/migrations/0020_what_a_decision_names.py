from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0018_deciders_stay")]

    operations = [
        migrations.AddField(
            model_name="citydecision",
            name="named",
            field=models.JSONField(
                default=dict,
                help_text="what it changes, as it was named then, by language; empty in rows older than this column",
            ),
        ),
    ]
