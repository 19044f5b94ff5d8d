import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0015_search_path'),
    ]

    operations = [
        migrations.AddField(
            model_name='nomination',
            name='seen_before',
            field=models.JSONField(default=list, help_text='ids of those who were it before'),
        ),
        migrations.AlterField(
            model_name='nomination',
            name='seen_by',
            field=models.ForeignKey(help_text='the last who had the agent beside them, and governed for long enough', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
