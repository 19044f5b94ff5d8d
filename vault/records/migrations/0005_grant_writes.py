"""Types of data that a recipient may write under a grant."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0004_lines_taken_out'),
    ]

    operations = [
        migrations.CreateModel(
            name='GrantWrite',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('type', models.CharField(max_length=60)),
                ('grant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='writes', to='records.grant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('grant', 'type'), name='grant_write_once')],
            },
        ),
    ]
