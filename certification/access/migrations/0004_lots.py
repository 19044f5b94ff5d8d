"""Programs of holders that send lots: clients without an address, and tokens without a person or a grant."""

from django.conf import settings
from django.db import migrations, models


GUARDS = """
CREATE OR REPLACE FUNCTION access_sandbox_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    test boolean;
    flow text;
    persona boolean;
    owner uuid;
BEGIN
    SELECT environment = 'test', authorization_grant_type INTO test, flow FROM access_client WHERE id = NEW.application_id;
    IF (flow = 'client-credentials') <> (NEW.grant_id IS NULL AND NEW.user_id IS NULL) THEN
        RAISE EXCEPTION '%: a program that sends lots has no person''s token, and another one has no other', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    IF flow = 'client-credentials' THEN
        RETURN NEW;
    END IF;
    SELECT is_persona INTO persona FROM accounts_user WHERE id = NEW.user_id;
    SELECT resident_id INTO owner FROM records_grant WHERE id = NEW.grant_id;
    IF test IS DISTINCT FROM persona OR owner IS DISTINCT FROM NEW.user_id THEN
        RAISE EXCEPTION '%: a test client names a persona''s grant, a live client a resident''s', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

FORMER_GUARDS = """
CREATE OR REPLACE FUNCTION access_sandbox_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    test boolean;
    persona boolean;
    owner uuid;
BEGIN
    SELECT environment = 'test' INTO test FROM access_client WHERE id = NEW.application_id;
    SELECT is_persona INTO persona FROM accounts_user WHERE id = NEW.user_id;
    SELECT resident_id INTO owner FROM records_grant WHERE id = NEW.grant_id;
    IF test IS DISTINCT FROM persona OR owner IS DISTINCT FROM NEW.user_id THEN
        RAISE EXCEPTION '%: a test client names a persona''s grant, a live client a resident''s', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_call_counts'),
        ('labels', '0009_former_agents'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='client',
            name='client_confidential_and_by_code',
        ),
        migrations.RemoveConstraint(
            model_name='client',
            name='client_has_an_address',
        ),
        migrations.AlterField(
            model_name='accesstoken',
            name='grant_id',
            field=models.UUIDField(db_index=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('algorithm', 'RS256'), ('authorization_grant_type__in', ['authorization-code', 'client-credentials']), ('client_type', 'confidential'), ('hash_client_secret', True)), name='client_confidential_by_code_or_sending'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('authorization_grant_type', 'client-credentials'), ('redirect_uris', '')), models.Q(('authorization_grant_type', 'authorization-code'), models.Q(('redirect_uris', ''), _negated=True)), _connector='OR'), name='client_has_an_address_or_sends'),
        ),
        migrations.RunSQL(GUARDS, FORMER_GUARDS),
    ]
