from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("places", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="place",
            name="mac",
            field=models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide"),
        )
    ]
