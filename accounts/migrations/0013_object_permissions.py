import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

OFFICES = [
    ('instruct_requests', 'Instruit les demandes de ce service'),
    ('decide_requests', 'Décide des demandes de ce service'),
]
PUBLISHERS = [
    ('owner', 'Répond de cet éditeur'),
    ('developer', 'Développe les services de cet éditeur'),
    ('dpo', 'Protège les données pour cet éditeur'),
]


def move_rights(apps, schema_editor):
    """Write a right for each place that has not ended. `manage.py rows sign` gives these rows their MACs."""
    places = apps.get_model('accounts', 'Membership').objects.filter(ended_at=None)
    members = apps.get_model('accounts', 'PublisherMember').objects.filter(ended_at=None)
    offices = [(place.person_id, place.organisation_id, 'instruct_requests') for place in places.filter(instructed=True)]
    offices += [(place.person_id, place.organisation_id, 'decide_requests') for place in places.filter(decided=True)]
    _write(apps, 'Organisation', OFFICES, offices)
    _write(apps, 'Publisher', PUBLISHERS, members.values_list('person_id', 'publisher_id', 'had_role'))


def _write(apps, name, names, found):
    """Write rights on objects of one model, and the names of these rights, which `migrate` writes only at its end."""
    kind, _made = apps.get_model('contenttypes', 'ContentType').objects.get_or_create(
        app_label='accounts', model=name.lower()
    )
    known = {
        right: apps.get_model('auth', 'Permission').objects.get_or_create(
            content_type=kind, codename=right, defaults={'name': label}
        )[0]
        for right, label in names
    }
    model = apps.get_model('accounts', f'{name}Permission')
    model.objects.bulk_create(
        [
            model(user_id=person, content_object_id=where, permission=known[right], right=right)
            for person, where, right in found
        ]
    )


def permission(target, constraint):
    """Return the columns of a model of rights on objects of one model."""
    return {
        'fields': [
            ('mac', models.BinaryField(default=bytes, editable=False, help_text='of the columns that decide')),
            ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ('right', models.CharField(max_length=20)),
            (
                'content_object',
                models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='permissions', to=target),
            ),
            (
                'permission',
                models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission'),
            ),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
        ],
        'options': {'abstract': False, 'constraints': [constraint]},
    }


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_sessions_under_a_mac'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        # The columns stay for the MACs of then. Code of the version before reads and writes them under their names.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField('membership', 'instructs', 'instructed'),
                migrations.RenameField('membership', 'may_decide', 'decided'),
                migrations.RenameField('publishermember', 'role', 'had_role'),
                migrations.AlterField(
                    'membership',
                    'instructed',
                    models.BooleanField(db_column='instructs', default=False, editable=False),
                ),
                migrations.AlterField(
                    'membership',
                    'decided',
                    models.BooleanField(db_column='may_decide', default=False, editable=False),
                ),
                migrations.AlterField(
                    'publishermember',
                    'had_role',
                    models.CharField(blank=True, db_column='role', editable=False, max_length=10),
                ),
            ],
        ),
        migrations.RemoveConstraint(model_name='publishermember', name='publisher_member_role_known'),
        migrations.AlterModelOptions(
            name='organisation',
            options={
                'ordering': ['name'],
                'permissions': OFFICES,
                'verbose_name': 'organisme ou service',
                'verbose_name_plural': 'organismes et services',
            },
        ),
        migrations.AlterModelOptions(
            name='publisher',
            options={
                'ordering': ['name'],
                'permissions': PUBLISHERS,
                'verbose_name': 'éditeur',
                'verbose_name_plural': 'éditeurs',
            },
        ),
        migrations.CreateModel(
            name='OrganisationPermission',
            **permission(
                'accounts.organisation',
                models.UniqueConstraint(fields=('user', 'right', 'content_object'), name='office_right_once'),
            ),
        ),
        migrations.CreateModel(
            name='PublisherPermission',
            **permission(
                'accounts.publisher',
                models.UniqueConstraint(fields=('user', 'content_object'), name='publisher_right_once'),
            ),
        ),
        migrations.RunPython(move_rights, migrations.RunPython.noop),
    ]
