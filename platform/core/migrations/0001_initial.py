# Regenerated when models change: keep the schema's line, the key's table lies in it.
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.RunSQL("CREATE SCHEMA IF NOT EXISTS keystore", "DROP SCHEMA IF EXISTS keystore"),
        migrations.CreateModel(
            name='LegalPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(choices=[('mentions-legales', 'Mentions légales'), ('donnees-personnelles', 'Données personnelles'), ('accessibilite', 'Accessibilité'), ('cookies', 'Gestion des cookies'), ('aide', 'Aide et contact'), ('engagements', 'Ce que la ville peut faire ou non')], max_length=40, unique=True, verbose_name='page')),
                ('text', models.TextField(help_text='Une ligne vide sépare les paragraphes. «\xa0##\xa0» ouvre un titre, «\xa0-\xa0» un point de liste.', verbose_name='texte')),
                ('text_en', models.TextField(blank=True, verbose_name='texte en anglais')),
            ],
            options={
                'verbose_name': 'page légale',
                'verbose_name_plural': 'pages légales',
            },
        ),
        migrations.CreateModel(
            name='ResidentKey',
            fields=[
                ('resident_id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveSmallIntegerField(default=1)),
                ('kid', models.CharField(max_length=40)),
                ('wrapped', models.BinaryField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'db_table': 'keystore"."resident_key',
            },
        ),
        migrations.CreateModel(
            name='WorkerBeat',
            fields=[
                ('queue', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='City',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='nom')),
                ('of_name', models.CharField(help_text='Comme dans «\xa0Ville de Villebrume\xa0», «\xa0d’Arles\xa0», «\xa0du Havre\xa0».', max_length=90, verbose_name='nom avec «\xa0de\xa0»')),
                ('insee', models.CharField(max_length=5, validators=[django.core.validators.RegexValidator('^(\\d{5}|2[AB]\\d{3})$', 'Écrivez les 5 caractères du code Insee, comme 00042.')], verbose_name='code Insee')),
                ('logo', models.BinaryField(blank=True, default=bytes, verbose_name='logo')),
                ('logo_type', models.CharField(blank=True, editable=False, max_length=20)),
                ('phone', models.CharField(blank=True, max_length=24, validators=[django.core.validators.RegexValidator('^\\+?[0-9][0-9 \\u00a0.]{3,20}$', 'Écrivez un numéro de téléphone, comme 01 23 45 67 89.')], verbose_name='téléphone')),
                ('opening_hours', models.CharField(blank=True, help_text='Comme «\xa0du lundi au vendredi de 9\xa0h à 17\xa0h\xa0».', max_length=120, verbose_name='horaires du téléphone')),
                ('opening_hours_en', models.CharField(blank=True, help_text='Sans texte anglais, celui en français est montré.', max_length=120, verbose_name='horaires du téléphone en anglais')),
                ('address', models.CharField(blank=True, help_text='Comme «\xa0la Maison des services, 3 place du Lavoir\xa0».', max_length=200, verbose_name='lieu d’accueil')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='adresse de contact')),
                ('dpo_email', models.EmailField(blank=True, max_length=254, verbose_name='adresse du délégué à la protection des données')),
                ('dpo_contact', models.CharField(blank=True, help_text='Nom du service et adresse postale.', max_length=200, verbose_name='délégué à la protection des données')),
                ('publisher', models.CharField(blank=True, max_length=200, verbose_name='responsable de la publication')),
                ('host', models.CharField(blank=True, help_text='Nom, adresse et téléphone, comme la loi le demande.', max_length=200, verbose_name='hébergeur')),
                ('exit_url', models.URLField(blank=True, help_text='Une page ordinaire, comme la météo.', verbose_name='page de «\xa0Quitter vite\xa0»')),
                ('accessibility', models.CharField(choices=[('none', 'non conforme'), ('partial', 'partiellement conforme'), ('full', 'totalement conforme')], default='none', max_length=10, verbose_name='accessibilité')),
                ('quota_megabytes', models.PositiveIntegerField(default=1000, help_text='Fichiers et dossiers compris. La baisser n’efface rien\xa0: on n’ajoute plus, tant qu’on ne supprime pas.', validators=[django.core.validators.MinValueValidator(100)], verbose_name='place de chaque coffre (Mo)')),
                ('emergency_access', models.BooleanField(default=False, help_text='Deux agents ensemble peuvent lire quelques lignes d’un coffre, une heure au plus. L’habitant est prévenu aussitôt.', verbose_name='accès d’urgence')),
                ('brand', models.CharField(default='#17524f', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='bloc de couleur')),
                ('brand_tint', models.CharField(default='#e2eeea', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='fond clair')),
                ('action', models.CharField(default='#17524f', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='boutons')),
                ('action_hover', models.CharField(default='#0e3b39', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='boutons survolés')),
                ('link', models.CharField(default='#0f5e73', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='liens')),
                ('focus', models.CharField(default='#6b2fa0', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='contour du champ actif')),
                ('header', models.CharField(default='#ffffff', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='en-tête')),
                ('header_text', models.CharField(default='#20262d', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Écrivez une couleur comme #17524f.')], verbose_name='texte de l’en-tête')),
                ('radius', models.PositiveSmallIntegerField(default=12, help_text='De 0 à 16 pixels.', validators=[django.core.validators.MaxValueValidator(16)], verbose_name='arrondi des cartes')),
                ('radius_control', models.PositiveSmallIntegerField(default=8, help_text='De 0 à 16 pixels.', validators=[django.core.validators.MaxValueValidator(16)], verbose_name='arrondi des boutons')),
            ],
            options={
                'verbose_name': 'ville',
                'verbose_name_plural': 'ville',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_city')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('kind', models.CharField(max_length=40, verbose_name='travail')),
                ('state', models.CharField(choices=[('waiting', 'En attente'), ('running', 'En cours'), ('done', 'Terminé'), ('failed', 'Arrêté par un problème'), ('cancelled', 'Annulé')], default='waiting', max_length=10, verbose_name='état')),
                ('subject_id', models.UUIDField(help_text='what the job works on')),
                ('purpose', models.CharField(max_length=200)),
                ('basis', models.CharField(default='own', help_text='own, or the grant that allows it', max_length=60)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('problem', models.CharField(blank=True, help_text='a code, never a message with content', max_length=40, verbose_name='problème')),
                ('attempts', models.PositiveIntegerField(default=0, help_text='only grows: a worker that lost the job cannot write its end', verbose_name='essais')),
                ('losses', models.PositiveSmallIntegerField(default=0, help_text='how many workers died with it since a person asked')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='envoyé')),
                ('heartbeat_at', models.DateTimeField(null=True, verbose_name='dernier signe de vie')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='fini')),
                ('cancel_asked', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'travail',
                'verbose_name_plural': 'travaux',
                'indexes': [models.Index(fields=['state', 'heartbeat_at'], name='job_sweep')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed', 'cancelled'])), name='job_state_known')],
            },
        ),
        migrations.CreateModel(
            name='JournalLeaf',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField()),
                ('number', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('leaf', models.BinaryField()),
                ('chain', models.BinaryField()),
                ('xid', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), help_text='the transaction that wrote it: core/journal/checkpoints.py seals those that are over')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['xid'], name='journal_leaf_xid')],
                'constraints': [models.UniqueConstraint(fields=('resident_id', 'number'), name='journal_leaf_number_once')],
            },
        ),
        migrations.CreateModel(
            name='JournalEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content', models.BinaryField()),
                ('leaf', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='entry', to='core.journalleaf')),
            ],
            options={
                'verbose_name_plural': 'journal entries',
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('number', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('note', models.TextField(help_text='as it is published: core/journal/signed_notes.py')),
                ('upto', models.BigIntegerField(help_text='every transaction under this number was over: the next checkpoint looks from there on')),
                ('anchored_at', models.DateTimeField(help_text='when its copy outside was written', null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['anchored_at'], name='checkpoint_anchored')],
            },
        ),
        migrations.CreateModel(
            name='JournalSeal',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField()),
                ('position', models.PositiveIntegerField()),
                ('number', models.PositiveIntegerField(help_text='of the line')),
                ('chain', models.BinaryField()),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seals', to='core.checkpoint')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resident_id', 'number'), name='journal_seal_line_once'), models.UniqueConstraint(fields=('checkpoint', 'position'), name='journal_seal_position_once')],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('length', models.PositiveBigIntegerField()),
                ('received', models.PositiveBigIntegerField(default=0)),
                ('became', models.UUIDField(help_text='what was made of it: sending the same form again finds it', null=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('content', models.BinaryField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('received__lte', models.F('length'))), name='upload_within_its_length')],
            },
        ),
        migrations.CreateModel(
            name='UploadPart',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('start', models.PositiveBigIntegerField()),
                ('stored_name', models.CharField(max_length=200, unique=True)),
                ('upload', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='core.upload')),
            ],
            options={
                'ordering': ['start'],
                'constraints': [models.UniqueConstraint(fields=('upload', 'start'), name='upload_part_once')],
            },
        ),
        migrations.CreateModel(
            name='Phone',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content', models.BinaryField()),
                ('lookup', models.CharField(blank=True, help_text="the number under the portal's own secret", max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resident_id',), name='phone_once')],
                'indexes': [models.Index(condition=models.Q(('lookup', ''), _negated=True), fields=['lookup'], name='phone_lookup')],
            },
        ),
    ]
