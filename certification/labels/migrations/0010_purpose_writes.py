"""Types of data that a service asks to write back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labels', '0009_former_agents'),
    ]

    operations = [
        migrations.AddField(
            model_name='purpose',
            name='writes',
            field=models.JSONField(blank=True, default=list, help_text='types of data that the service writes back'),
        ),
    ]
