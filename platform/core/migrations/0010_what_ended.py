from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0009_city_label_word")]

    operations = [
        migrations.AddField(
            model_name="rowhead",
            name="ended",
            field=models.BinaryField(
                default=bytes, help_text="the last bytes of the ids of rows that ended, in order"
            ),
        ),
    ]
