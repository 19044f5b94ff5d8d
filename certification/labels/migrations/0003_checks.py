import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labels', '0002_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SignalAddress',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('service', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='signal_address', serialize=False, to='labels.service')),
                ('url', models.URLField(help_text='Une adresse https de votre serveur, qui reçoit du JSON.', verbose_name='adresse des signaux')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CheckRun',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('why', models.CharField(choices=[('publisher', 'demandé par l’éditeur'), ('sent', 'à l’envoi de la demande'), ('agent', 'demandé par la ville'), ('daily', 'chaque jour')], max_length=10)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(null=True)),
                ('state', models.CharField(choices=[('waiting', 'En attente'), ('running', 'En cours'), ('done', 'Terminé'), ('dropped', 'Abandonné')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(help_text='or the clock', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='check_runs', to='labels.labelrequest')),
            ],
            options={
                'ordering': ['-asked_at'],
            },
        ),
        migrations.CreateModel(
            name='CheckResult',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(help_text="the criterion's", max_length=4)),
                ('outcome', models.CharField(choices=[('passed', 'Contrôle réussi'), ('failed', 'À regarder'), ('inconclusive', 'Non vérifié')], max_length=12)),
                ('finding', models.CharField(max_length=40)),
                ('details', models.JSONField(default=dict)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='labels.checkrun')),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='ContactProof',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('address', models.EmailField(max_length=254)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_proofs', to='labels.service')),
            ],
        ),
        migrations.AddConstraint(
            model_name='checkrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'dropped'])), name='check_run_state_known'),
        ),
        migrations.AddConstraint(
            model_name='checkrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_by', None), ('why', 'daily')), models.Q(models.Q(('why', 'daily'), _negated=True), ('asked_by__isnull', False)), _connector='OR'), name='check_run_asked_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='checkrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'running'])), fields=('request',), name='check_run_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='checkresult',
            constraint=models.UniqueConstraint(fields=('run', 'code'), name='check_result_once_per_criterion'),
        ),
        migrations.AddConstraint(
            model_name='checkresult',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['passed', 'failed', 'inconclusive'])), name='check_result_outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='contactproof',
            constraint=models.UniqueConstraint(fields=('service', 'address'), name='contact_proof_once'),
        ),
    ]
