"""Versions of official forms, and what the database itself refuses: to change a published one."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE FUNCTION official_form_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a version begins as a draft: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'closed') THEN
        IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.state <> 'closed'
            OR ROW(NEW.id, NEW.code, NEW.version, NEW.title, NEW.number, NEW.aids, NEW.blank, NEW.sha256, NEW.facts,
                   NEW.map_text, NEW.written_by_id, NEW.written_at, NEW.published_by_id, NEW.published_at)
            IS DISTINCT FROM
               ROW(OLD.id, OLD.code, OLD.version, OLD.title, OLD.number, OLD.aids, OLD.blank, OLD.sha256, OLD.facts,
                   OLD.map_text, OLD.written_by_id, OLD.written_at, OLD.published_by_id, OLD.published_at)
        THEN
            RAISE EXCEPTION 'a published version never changes: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.state = 'closed' OR (NEW.state = 'published' AND (NEW.map_text <> OLD.map_text OR NEW.blank <> OLD.blank))
    THEN
        RAISE EXCEPTION 'a draft is published as it was read: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER official_form_frozen BEFORE INSERT OR UPDATE OR DELETE ON official_forms_officialform
    FOR EACH ROW EXECUTE FUNCTION official_form_frozen();
"""
NO_GUARD = """
DROP TRIGGER official_form_frozen ON official_forms_officialform;
DROP FUNCTION official_form_frozen();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OfficialForm',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.SlugField(max_length=60)),
                ('version', models.PositiveIntegerField(default=1)),
                ('title', models.CharField(max_length=120, verbose_name='nom')),
                ('number', models.CharField(blank=True, help_text='such as 15481*01', max_length=40, verbose_name='numéro')),
                ('aids', models.JSONField(help_text='codes of aid_dossiers.json')),
                ('blank', models.BinaryField(help_text='the file as the organisation publishes it')),
                ('sha256', models.CharField(help_text='of `blank`, in hexadecimal', max_length=64)),
                ('facts', models.JSONField(help_text='pages and fields of the blank, in hundredths of a millimetre')),
                ('map_text', models.TextField(blank=True, help_text='the map, in YAML; empty: none yet')),
                ('state', models.CharField(choices=[('draft', 'Brouillon'), ('published', 'Publié'), ('closed', 'Fermé')], default='draft', max_length=10)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'formulaire officiel',
                'verbose_name_plural': 'formulaires officiels',
                'ordering': ['title', '-version'],
                'constraints': [models.UniqueConstraint(fields=('code', 'version'), name='official_forms_version_once'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('code',), name='official_forms_one_in_force'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'published', 'closed'])), name='official_forms_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('published_by', None), ('state', 'draft')), models.Q(('published_by__isnull', False), models.Q(('published_by', models.F('written_by')), _negated=True)), _connector='OR'), name='official_forms_two_persons')],
            },
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
    ]
