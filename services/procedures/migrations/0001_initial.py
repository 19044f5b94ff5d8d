"""What offices ask, as versions. The database itself refuses to change a published one."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


GUARDS = """
CREATE FUNCTION procedures_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'proposed') THEN
            RAISE EXCEPTION 'a version begins as a draft: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'closed') THEN
        IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.state <> 'closed'
            OR ROW(NEW.id, NEW.code, NEW.version, NEW.title, NEW.opens_on, NEW.closes_on, NEW.rules, NEW.changes,
                   NEW.shipped, NEW.written_by_id, NEW.written_at, NEW.published_by_id, NEW.published_at)
            IS DISTINCT FROM
               ROW(OLD.id, OLD.code, OLD.version, OLD.title, OLD.opens_on, OLD.closes_on, OLD.rules, OLD.changes,
                   OLD.shipped, OLD.written_by_id, OLD.written_at, OLD.published_by_id, OLD.published_at)
        THEN
            RAISE EXCEPTION 'a published version never changes: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.state = 'closed' OR (NEW.state = 'published' AND OLD.state <> 'proposed')
        OR (NEW.state = 'published' AND (NEW.rules <> OLD.rules OR NEW.title <> OLD.title
            OR NEW.opens_on IS DISTINCT FROM OLD.opens_on OR NEW.closes_on IS DISTINCT FROM OLD.closes_on)) THEN
        RAISE EXCEPTION 'only a proposed version is published: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER procedures_version_frozen BEFORE INSERT OR UPDATE OR DELETE ON procedures_procedure
    FOR EACH ROW EXECUTE FUNCTION procedures_version_frozen();
"""
NO_GUARDS = """
DROP TRIGGER procedures_version_frozen ON procedures_procedure;
DROP FUNCTION procedures_version_frozen();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Procedure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=60, verbose_name='code')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('title', models.CharField(max_length=120, verbose_name='nom')),
                ('state', models.CharField(choices=[('draft', 'Brouillon'), ('proposed', 'À relire'), ('published', 'Publiée'), ('closed', 'Fermée')], default='draft', max_length=10, verbose_name='état')),
                ('opens_on', models.DateField(blank=True, null=True, verbose_name='ouvre le')),
                ('closes_on', models.DateField(blank=True, null=True, verbose_name='ferme le')),
                ('rules', models.JSONField(verbose_name='règles')),
                ('changes', models.PositiveIntegerField(default=0, help_text='counts the writings of a draft')),
                ('shipped', models.BooleanField(default=False, help_text='loaded by the operator of the portal: no agent wrote it')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'démarche',
                'verbose_name_plural': 'démarches',
                'ordering': ['title', '-version'],
                'constraints': [models.CheckConstraint(condition=models.Q(('closes_on', None), ('opens_on', None), ('closes_on__gte', models.F('opens_on')), _connector='OR'), name='procedure_dates'), models.UniqueConstraint(fields=('code', 'version'), name='procedure_version_once'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('code',), name='procedure_one_in_force'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'proposed', 'published', 'closed'])), name='procedure_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('published_by', None), ('shipped', True), ('written_by', None)), models.Q(('shipped', False), ('written_by__isnull', False), models.Q(('published_by', None), models.Q(('published_by', models.F('written_by')), _negated=True), _connector='OR'), models.Q(models.Q(('state__in', ['closed', 'published']), _negated=True), ('published_by__isnull', False), _connector='OR')), _connector='OR'), name='procedure_two_persons')],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
