import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0024_keys_once'),
    ]

    operations = [
        migrations.AlterField(
            model_name='city',
            name='days_before_deciding',
            field=models.PositiveSmallIntegerField(default=7, help_text='De 1 à 30 jours. Changer ce nombre demande deux personnes.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='jours dans le rôle avant de décider à deux'),
        ),
    ]
