from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("requests", "0004_files_under_a_mac")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="mac",
            field=models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide"),
        )
        for name in ("requestevent", "outsiderequest")
    ]
