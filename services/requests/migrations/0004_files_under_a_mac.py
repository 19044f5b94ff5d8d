"""Rows that name a sealed file carry a MAC."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('requests', '0003_outside_renewal'),
    ]

    operations = [
        migrations.AddField(
            model_name='letter',
            name='mac',
            field=models.BinaryField(default=bytes, help_text='of the columns that decide'),
        ),
    ]
