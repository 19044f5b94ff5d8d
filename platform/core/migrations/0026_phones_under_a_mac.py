from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0025_days_by_two")]

    operations = [
        migrations.AddField(
            model_name="phone",
            name="mac",
            field=models.BinaryField(default=bytes, help_text="of the columns that decide"),
        ),
        migrations.RunSQL(
            "SELECT core_write_once('core_phone')",
            "DROP TRIGGER core_written_once ON core_phone; DROP TRIGGER core_same_id ON core_phone",
        ),
    ]
