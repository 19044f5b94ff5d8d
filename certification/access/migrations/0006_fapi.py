"""Pushed requests; codes and tokens bound to a key; programs' public keys, and what they require."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0005_search_path'),
        ('core', '0023_more_tables_written_once'),
        ('labels', '0015_search_path'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PushedRequest',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('handle', models.CharField(help_text='SHA-256', max_length=64, unique=True)),
                ('parameters', models.TextField(help_text='as in an address')),
                ('expires', models.DateTimeField(db_index=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='accesstoken',
            name='jkt',
            field=models.CharField(blank=True, help_text='only who has this key uses it (RFC 9449)', max_length=43),
        ),
        migrations.AddField(
            model_name='authorizationcode',
            name='jkt',
            field=models.CharField(blank=True, help_text='only who has this key exchanges it (RFC 9449, 10)', max_length=43),
        ),
        migrations.AddField(
            model_name='client',
            name='dpop_bound_access_tokens',
            field=models.BooleanField(default=False, help_text='RFC 9449, 5.2'),
        ),
        migrations.AddField(
            model_name='client',
            name='jwks',
            field=models.TextField(blank=True, help_text='the set of its public keys (RFC 7517)'),
        ),
        migrations.AddField(
            model_name='client',
            name='keys_only',
            field=models.BooleanField(default=False, help_text="OAuth's addresses take its keys, and no secret"),
        ),
        migrations.AddField(
            model_name='client',
            name='require_pushed_authorization_requests',
            field=models.BooleanField(default=False, help_text='RFC 9126, 6'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('keys_only', False), models.Q(('jwks', ''), _negated=True), _connector='OR'), name='client_keys_only_if_any'),
        ),
        migrations.AddField(
            model_name='pushedrequest',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
        ),
        migrations.RunSQL(
            "SELECT core_write_once('access_pushedrequest', '8 days')",
            "DROP TRIGGER core_written_once ON access_pushedrequest; DROP TRIGGER core_same_id ON access_pushedrequest",
        ),
    ]
