from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("developers", "0006_events_under_mac"), ("labels", "0015_search_path")]

    operations = [
        migrations.RemoveIndex(model_name="event", name="event_after"),
        migrations.AlterField(
            model_name="event",
            name="position",
            field=models.BigIntegerField(help_text="counted for each service and environment", null=True),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("service", "environment", "position"), name="event_after_once"),
        ),
    ]
