"""Rows that name a sealed file carry a MAC."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0004_procedures'),
    ]

    operations = [
        migrations.AddField(
            model_name='dossier',
            name='mac',
            field=models.BinaryField(default=bytes, help_text='of the columns that decide'),
        ),
    ]
