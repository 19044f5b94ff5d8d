"""Rows that name a sealed file carry a MAC."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0006_events_of_grants'),
    ]

    operations = [
        migrations.AddField(
            model_name='brought',
            name='mac',
            field=models.BinaryField(default=bytes, help_text='of the columns that decide'),
        ),
        migrations.AddField(
            model_name='export',
            name='mac',
            field=models.BinaryField(default=bytes, help_text='of the columns that decide'),
        ),
    ]
