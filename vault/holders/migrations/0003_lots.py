"""Holders that send lots: what the city allows, lots, their sealed lines, and the code of a connection."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('holders', '0002_authenticated_rows'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lot',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('key', models.CharField(help_text='Idempotency-Key', max_length=100)),
                ('sha256', models.CharField(help_text='of the body', max_length=64)),
                ('lines', models.PositiveIntegerField()),
                ('signed', models.BooleanField(default=False)),
                ('refused', models.JSONField(default=list)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['created_at'],
            },
        ),
        migrations.CreateModel(
            name='LotLine',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('number', models.PositiveIntegerField(help_text='from 1')),
                ('content', models.BinaryField()),
                ('outcome', models.CharField(blank=True, choices=[('written', 'Written'), ('not_json', 'Not Json'), ('too_long', 'Too Long'), ('malformed', 'Malformed'), ('unknown_type', 'Unknown Type'), ('wrong_schema', 'Wrong Schema'), ('unknown_sub', 'Unknown Sub'), ('not_covered', 'Not Covered'), ('paused', 'Paused'), ('stopped', 'Stopped'), ('over', 'Over')], help_text='empty while it waits', max_length=20)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Sender',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='depuis')),
                ('holder', models.CharField(max_length=40, verbose_name='organisme')),
                ('service_id', models.UUIDField(help_text='whose programs send; not a key: certification', unique=True, verbose_name='service')),
                ('types', models.JSONField(verbose_name='types de données')),
                ('rhythm', models.CharField(choices=[('daily', 'Chaque jour au plus'), ('weekly', 'Chaque semaine au plus'), ('monthly', 'Chaque mois au plus')], max_length=10, verbose_name='rythme')),
                ('public_key', models.JSONField(blank=True, default=dict, verbose_name='clé publique')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='fin')),
            ],
            options={
                'verbose_name': 'organisme qui envoie',
                'verbose_name_plural': 'organismes qui envoient',
                'ordering': ['holder'],
            },
        ),
        migrations.AddField(
            model_name='connection',
            name='pairing',
            field=models.CharField(blank=True, default='', help_text='a hash of the code that the resident gives to a holder', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(condition=models.Q(('pairing', ''), _negated=True), fields=('holder', 'pairing'), name='connection_pairing_unique'),
        ),
        migrations.AddField(
            model_name='lotline',
            name='lot',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sealed', to='holders.lot'),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.CheckConstraint(condition=models.Q(('rhythm__in', ['daily', 'weekly', 'monthly'])), name='sender_rhythm_known'),
        ),
        migrations.AddConstraint(
            model_name='sender',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('holder',), name='sender_one_per_holder'),
        ),
        migrations.AddField(
            model_name='lot',
            name='sender',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='holders.sender'),
        ),
        migrations.AddIndex(
            model_name='lotline',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['lot', 'resident_id'], name='lot_line_waiting'),
        ),
        migrations.AddConstraint(
            model_name='lotline',
            constraint=models.UniqueConstraint(fields=('lot', 'number'), name='lot_line_once'),
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(condition=models.Q(('finished_at', None)), fields=['created_at'], name='lot_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(fields=('sender', 'key'), name='lot_once_per_key'),
        ),
    ]
