"""A second secret for a client; the sandbox's keys; and triggers that keep the sandbox and real residents apart."""

from django.db import migrations, models

GUARDS = """
CREATE FUNCTION access_sandbox_apart() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION access_environment_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.environment <> OLD.environment THEN
        RAISE EXCEPTION 'a client is live or test for good' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER access_sandbox_apart BEFORE INSERT OR UPDATE OF application_id, user_id, grant_id
    ON access_authorizationcode FOR EACH ROW EXECUTE FUNCTION access_sandbox_apart();
CREATE TRIGGER access_sandbox_apart BEFORE INSERT OR UPDATE OF application_id, user_id, grant_id
    ON access_accesstoken FOR EACH ROW EXECUTE FUNCTION access_sandbox_apart();
CREATE TRIGGER access_sandbox_apart BEFORE INSERT OR UPDATE OF application_id, user_id, grant_id
    ON access_refreshtoken FOR EACH ROW EXECUTE FUNCTION access_sandbox_apart();
CREATE TRIGGER access_sandbox_apart BEFORE INSERT OR UPDATE OF application_id, user_id, grant_id
    ON access_idtoken FOR EACH ROW EXECUTE FUNCTION access_sandbox_apart();
CREATE TRIGGER access_environment_for_good BEFORE UPDATE OF environment ON access_client
    FOR EACH ROW EXECUTE FUNCTION access_environment_for_good();
"""

NO_GUARDS = """
DROP TRIGGER access_sandbox_apart ON access_authorizationcode;
DROP TRIGGER access_sandbox_apart ON access_accesstoken;
DROP TRIGGER access_sandbox_apart ON access_refreshtoken;
DROP TRIGGER access_sandbox_apart ON access_idtoken;
DROP TRIGGER access_environment_for_good ON access_client;
DROP FUNCTION access_sandbox_apart();
DROP FUNCTION access_environment_for_good();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("accounts", "0008_personas"),
        ("records", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="secret_hint",
            field=models.CharField(blank=True, default="", help_text="the secret's last characters", max_length=4),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="client",
            name="secret_made_at",
            field=models.DateTimeField(help_text="empty: before the portal noted it", null=True),
        ),
        migrations.AddField(model_name="client", name="secret_used_on", field=models.DateField(null=True)),
        migrations.AddField(
            model_name="client",
            name="second_secret",
            field=models.CharField(blank=True, default="", max_length=255),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="client",
            name="second_secret_hint",
            field=models.CharField(blank=True, default="", max_length=4),
            preserve_default=False,
        ),
        migrations.AddField(model_name="client", name="second_secret_made_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="client", name="second_secret_used_on", field=models.DateField(null=True)),
        migrations.RemoveConstraint(model_name="serverkeys", name="one_row_of_server_keys"),
        migrations.AddConstraint(
            model_name="serverkeys",
            constraint=models.CheckConstraint(condition=models.Q(pk__in=(1, 2)), name="server_keys_one_row_each"),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
