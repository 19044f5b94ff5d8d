"""Personas: no credentials, by a constraint; no session, and the same kind of account for good, by triggers."""

from django.db import migrations, models

GUARDS = """
CREATE FUNCTION accounts_persona_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_persona IS DISTINCT FROM OLD.is_persona THEN
        RAISE EXCEPTION 'a persona and a real account never turn into each other' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION accounts_no_session_of_a_persona() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_user WHERE id = NEW.user_id AND is_persona) THEN
        RAISE EXCEPTION 'nobody signs in as a persona' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_persona_for_good BEFORE UPDATE OF is_persona ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_persona_for_good();
CREATE TRIGGER accounts_no_session_of_a_persona BEFORE INSERT OR UPDATE OF user_id ON accounts_session
    FOR EACH ROW EXECUTE FUNCTION accounts_no_session_of_a_persona();
"""

NO_GUARDS = """
DROP TRIGGER accounts_persona_for_good ON accounts_user;
DROP TRIGGER accounts_no_session_of_a_persona ON accounts_session;
DROP FUNCTION accounts_persona_for_good();
DROP FUNCTION accounts_no_session_of_a_persona();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_publishers")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="is_persona",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="a fictional resident whom developers play: nobody signs in as one",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(is_persona=False)
                | models.Q(
                    email="",
                    contact_email="",
                    password__startswith="!",
                    is_resident=True,
                    is_staff=False,
                    is_companion=False,
                    is_publisher=False,
                    is_superuser=False,
                    is_dpo=False,
                    at_desk=False,
                ),
                name="user_persona_without_credentials",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
