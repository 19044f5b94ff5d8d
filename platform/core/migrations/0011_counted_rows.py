from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0010_what_ended")]

    operations = [
        migrations.AddField(
            model_name="rowhead",
            name="counts",
            field=models.BinaryField(
                default=bytes, help_text="how many rows of each lot did not end; empty: not counted"
            ),
        ),
    ]
