"""Panels, and rows that never change: what was announced, frozen, drawn; questions, opinions, answers."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


FROZEN = """
CREATE FUNCTION panel_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'panel_panel' AND TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.number, NEW.seats, NEW.draws_at, NEW.ends_on, NEW.created_by_id, NEW.created_at)
                = (OLD.id, OLD.number, OLD.seats, OLD.draws_at, OLD.ends_on, OLD.created_by_id, OLD.created_at)
            AND (OLD.frozen_at IS NULL OR (NEW.frozen_at, NEW.entries, NEW.entry, NEW.checkpoint)
                = (OLD.frozen_at, OLD.entries, OLD.entry, OLD.checkpoint))
            AND (OLD.drawn_at IS NULL OR (NEW.drawn_at, NEW.note, NEW."before") = (OLD.drawn_at, OLD.note, OLD."before"))
            AND (OLD.ended_at IS NULL OR NEW.ended_at = OLD.ended_at)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER panel_frozen BEFORE UPDATE OR DELETE ON panel_panel FOR EACH ROW EXECUTE FUNCTION panel_frozen();
CREATE TRIGGER panel_frozen BEFORE UPDATE OR DELETE ON panel_referral FOR EACH ROW EXECUTE FUNCTION panel_frozen();
CREATE TRIGGER panel_frozen BEFORE UPDATE OR DELETE ON panel_opinion FOR EACH ROW EXECUTE FUNCTION panel_frozen();
CREATE TRIGGER panel_frozen BEFORE UPDATE OR DELETE ON panel_answer FOR EACH ROW EXECUTE FUNCTION panel_frozen();
"""
NOT_FROZEN = """
DROP TRIGGER panel_frozen ON panel_panel;
DROP TRIGGER panel_frozen ON panel_referral;
DROP TRIGGER panel_frozen ON panel_opinion;
DROP TRIGGER panel_frozen ON panel_answer;
DROP FUNCTION panel_frozen();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0009_offices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Opinion',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('member', models.PositiveIntegerField(help_text='the rank in the draw', null=True)),
                ('name', models.CharField(blank=True, help_text='chosen by the member, or of the association', max_length=60)),
                ('stance', models.CharField(choices=[('favourable', 'Favorable'), ('reserved', 'Favorable, avec réserves'), ('unfavourable', 'Défavorable')], max_length=12)),
                ('reasons', models.CharField(max_length=2000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('decision', models.CharField(choices=[('followed', 'Suivi'), ('partly', 'Suivi en partie'), ('refused', 'Non suivi')], max_length=10)),
                ('words', models.CharField(max_length=2000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('opinion', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='answer', to='panel.opinion')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Panel',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(unique=True)),
                ('seats', models.PositiveSmallIntegerField()),
                ('draws_at', models.DateTimeField(help_text='the announced minute')),
                ('ends_on', models.DateField(help_text='the last day')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('frozen_at', models.DateTimeField(null=True)),
                ('entries', models.JSONField(default=list, help_text='the frozen list: numbers of volunteers, from the lowest')),
                ('entry', models.PositiveBigIntegerField(help_text='of the register: it froze the list', null=True)),
                ('checkpoint', models.PositiveBigIntegerField(help_text='the last one when the list was frozen', null=True)),
                ('drawn_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True, help_text='the checkpoint that is the seed, as it is published')),
                ('before', models.TextField(blank=True, help_text='the checkpoint before it; empty if there is none')),
                ('ended_at', models.DateTimeField(help_text='when what led to a person was deleted', null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('number', models.PositiveIntegerField()),
                ('person', models.BinaryField(help_text='HMAC of a proven identity and the panel: one person, one entry')),
                ('panel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='panel.panel')),
            ],
        ),
        migrations.CreateModel(
            name='Association',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('panel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='associations', to='panel.panel')),
            ],
        ),
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(unique=True)),
                ('kind', models.CharField(choices=[('campaign', 'Consultation'), ('charter', 'Charte des services'), ('request', 'Demande d’un service'), ('label', 'Service du registre')], max_length=10)),
                ('subject_id', models.UUIDField()),
                ('title', models.CharField(help_text='of the subject, on that day', max_length=200)),
                ('title_en', models.CharField(max_length=200)),
                ('question', models.CharField(max_length=600)),
                ('content', models.JSONField(default=dict, help_text='of a charter: its text on that day')),
                ('last_day', models.DateField(help_text='on which an opinion may be written')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('panel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='panel.panel')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='opinion',
            name='referral',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opinions', to='panel.referral'),
        ),
        migrations.CreateModel(
            name='Volunteer',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('called', 'Appelé, n’a pas encore répondu'), ('sits', 'Siège'), ('declined', 'N’a pas accepté'), ('lapsed', 'N’a pas répondu à temps'), ('left', 'S’est retiré')], max_length=10)),
                ('name', models.CharField(blank=True, help_text='chosen by a member; public', max_length=40)),
                ('called_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(help_text='when the e-mail left', null=True)),
                ('panel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='volunteers', to='panel.panel')),
            ],
        ),
        migrations.AddConstraint(
            model_name='panel',
            constraint=models.CheckConstraint(condition=models.Q(('seats__range', (5, 50))), name='panel_seats'),
        ),
        migrations.AddConstraint(
            model_name='panel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('checkpoint', None), ('entries', []), ('entry', None), ('frozen_at', None)), models.Q(('checkpoint__isnull', False), ('entry__isnull', False), ('frozen_at__isnull', False)), _connector='OR'), name='panel_frozen_by_an_entry'),
        ),
        migrations.AddConstraint(
            model_name='panel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('before', ''), ('drawn_at', None), ('note', '')), models.Q(('drawn_at__isnull', False), ('frozen_at__isnull', False), models.Q(('note', ''), _negated=True)), _connector='OR'), name='panel_drawn_once_frozen'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('panel', 'resident_id'), name='panel_entry_once'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('panel', 'person'), name='panel_entry_one_person'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('panel', 'number'), name='panel_entry_number'),
        ),
        migrations.AddConstraint(
            model_name='association',
            constraint=models.UniqueConstraint(fields=('panel', 'organisation'), name='panel_association_once'),
        ),
        migrations.AddConstraint(
            model_name='opinion',
            constraint=models.UniqueConstraint(fields=('referral', 'member'), name='panel_opinion_once_a_member'),
        ),
        migrations.AddConstraint(
            model_name='opinion',
            constraint=models.UniqueConstraint(fields=('referral', 'organisation'), name='panel_opinion_once_an_association'),
        ),
        migrations.AddConstraint(
            model_name='opinion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('member__isnull', False), ('organisation', None)), models.Q(('member', None), ('organisation__isnull', False), models.Q(('name', ''), _negated=True)), _connector='OR'), name='panel_opinion_of_one'),
        ),
        migrations.AddConstraint(
            model_name='volunteer',
            constraint=models.UniqueConstraint(fields=('panel', 'number'), name='panel_volunteer_once'),
        ),
        migrations.AddConstraint(
            model_name='volunteer',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'left'), ('called_at__isnull', False), _connector='OR'), name='panel_volunteer_called'),
        ),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
    ]
