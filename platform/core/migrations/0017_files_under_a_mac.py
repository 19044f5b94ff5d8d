"""Rows that name a sealed file carry a MAC."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0016_leaf_follows'),
    ]

    operations = [
        migrations.AddField(
            model_name='uploadpart',
            name='mac',
            field=models.BinaryField(default=bytes, help_text='of the columns that decide'),
        ),
    ]
