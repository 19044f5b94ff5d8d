"""The hash of a slip's number has the voter's birth date in it. A slip given before this version serves no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("debates", "0005_search_path")]

    operations = [
        migrations.AlterField(
            model_name="paperslip",
            name="number",
            field=models.BinaryField(help_text="HMAC of the number on the envelope and of the birth date"),
        )
    ]
