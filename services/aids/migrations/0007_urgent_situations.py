"""Urgent situations as versions, which the database keeps as it keeps local aids; the dates that residents tell."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


GUARDS = """
CREATE FUNCTION aids_urgent_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['state', 'closed_at', 'updated_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'tested') THEN
            RAISE EXCEPTION 'a version begins as a draft: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'closed') THEN
        IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.state <> 'closed'
            OR to_jsonb(NEW) - ends IS DISTINCT FROM to_jsonb(OLD) - ends
        THEN
            RAISE EXCEPTION 'a published version never changes: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.state = 'closed' OR (NEW.state = 'published' AND OLD.state <> 'tested')
        OR (NEW.state = 'published' AND (NEW.rules <> OLD.rules OR NEW.label <> OLD.label)) THEN
        RAISE EXCEPTION 'only a tested version is published: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER aids_urgent_frozen BEFORE INSERT OR UPDATE OR DELETE ON aids_urgentsituation
    FOR EACH ROW EXECUTE FUNCTION aids_urgent_frozen();
"""
NO_GUARDS = """
DROP TRIGGER aids_urgent_frozen ON aids_urgentsituation;
DROP FUNCTION aids_urgent_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('aids', '0006_kept_runs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UrgentDates',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('version', models.PositiveIntegerField(default=0, help_text='counts the writings of `content`')),
                ('content', models.BinaryField()),
            ],
            options={
                'verbose_name': 'dates d’une situation urgente',
                'verbose_name_plural': 'dates de situations urgentes',
                'constraints': [models.UniqueConstraint(fields=('resident_id',), name='aids_urgent_dates_once')],
            },
        ),
        migrations.CreateModel(
            name='UrgentSituation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=60, verbose_name='code')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('label', models.CharField(max_length=120, verbose_name='nom')),
                ('state', models.CharField(choices=[('draft', 'Brouillon'), ('tested', 'Essayée'), ('published', 'Publiée'), ('closed', 'Fermée')], default='draft', max_length=10, verbose_name='état')),
                ('review_on', models.DateField(help_text='Date à laquelle une personne relit les règles.', verbose_name='à revoir le')),
                ('rules', models.JSONField(verbose_name='règles')),
                ('shipped', models.BooleanField(default=False, help_text='loaded by the operator of the portal, or older than versions: no agent wrote it')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='modifiée le')),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'situation urgente',
                'verbose_name_plural': 'situations urgentes',
                'ordering': ['label', '-version'],
                'constraints': [models.UniqueConstraint(fields=('code', 'version'), name='aids_urgent_version_once'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('code',), name='aids_urgent_one_in_force'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'tested', 'published', 'closed'])), name='aids_urgent_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('published_by', None), ('shipped', True), ('written_by', None)), models.Q(('shipped', False), ('written_by__isnull', False), models.Q(('published_by', None), models.Q(('published_by', models.F('written_by')), _negated=True), _connector='OR'), models.Q(models.Q(('state__in', ['closed', 'published']), _negated=True), ('published_by__isnull', False), _connector='OR')), _connector='OR'), name='aids_urgent_two_persons')],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
