"""Evidence of requests, sealed under a key of the publisher. The portal adds and deletes that key, never changes it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RIGHTS = (
    "REVOKE ALL ON keystore.publisher_key FROM {role}",
    "GRANT SELECT, INSERT, DELETE ON keystore.publisher_key TO {role}",
)


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the rights of the role. A developer's database may have a single role: production's checks refuse that."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            for sentence in RIGHTS:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0012_named_role'),
        ('labels', '0010_purpose_writes'),
    ]

    operations = [
        migrations.CreateModel(
            name='PublisherKey',
            fields=[
                ('publisher_id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('protected', models.TextField(help_text='protected by the keyring')),
            ],
            options={
                'db_table': 'keystore"."publisher_key',
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(help_text='Comme « Contrat d’hébergement » ou « Rapport du test ».', max_length=80, verbose_name='ce que c’est')),
                ('stored_name', models.CharField(max_length=40, unique=True)),
                ('media_type', models.CharField(max_length=30)),
                ('size', models.PositiveIntegerField(help_text='bytes')),
                ('sha256', models.CharField(max_length=64)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='labels.labelrequest')),
            ],
            options={
                'ordering': ['added_at'],
            },
        ),
        migrations.RunPython(set_rights, migrations.RunPython.noop),
    ]
