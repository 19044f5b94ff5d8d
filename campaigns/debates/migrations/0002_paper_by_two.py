"""A paper ballot takes two agents: one gives a slip for an identity, another types the ballot of the slip.

The role `web` has no right on slips: it calls `give_slip`, `slip_of` and `take_on_paper`. `take_ballot` takes no paper
ballot any more. A moderation notes when its author was told.
"""

from django.conf import settings
from django.db import migrations, models

# Locks in this order everywhere: the vote's, shared with the count, then the identity's, then rows.
FUNCTIONS = """
CREATE FUNCTION campaigns.may_vote(
    the_vote uuid, the_pseudonym bytea, the_account bytea, the_time timestamptz
) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE found bytea;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('count ' || the_vote, 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('ballot ' || the_vote || encode(the_pseudonym, 'hex'), 0));
    IF NOT EXISTS (
            SELECT FROM public.debates_vote WHERE id = the_vote AND state = 'approved' AND closes_at > the_time)
        OR EXISTS (SELECT FROM campaigns.publication WHERE campaign_id = the_vote)
    THEN
        RETURN 'closed';
    END IF;
    SELECT account INTO found FROM (
        SELECT account FROM campaigns.ballot WHERE vote_id = the_vote AND pseudonym = the_pseudonym
        UNION ALL
        SELECT account FROM campaigns.ballot_arrival WHERE vote_id = the_vote AND pseudonym = the_pseudonym
    ) AS kept;
    RETURN CASE WHEN found IS NULL THEN 'first' WHEN found = the_account THEN 'replaced' ELSE 'other' END;
END $$;

CREATE FUNCTION campaigns.put_ballot(
    the_vote uuid, the_pseudonym bytea, the_account bytea, is_on_paper boolean, the_sealed bytea, the_stamp bytea,
    the_time timestamptz, the_day date
) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE said text := campaigns.may_vote(the_vote, the_pseudonym, the_account, the_time);
BEGIN
    IF said IN ('closed', 'other') THEN
        RETURN said;
    END IF;
    DELETE FROM campaigns.ballot WHERE vote_id = the_vote AND pseudonym = the_pseudonym;
    DELETE FROM campaigns.ballot_arrival WHERE vote_id = the_vote AND pseudonym = the_pseudonym;
    INSERT INTO campaigns.ballot_arrival (vote_id, pseudonym, account, on_paper, sealed, stamp, arrived_on)
        VALUES (the_vote, the_pseudonym, the_account, is_on_paper, the_sealed, the_stamp, the_day);
    RETURN said;
END $$;

CREATE OR REPLACE FUNCTION campaigns.take_ballot(
    the_vote uuid, the_pseudonym bytea, the_account bytea, is_on_paper boolean, the_sealed bytea, the_stamp bytea,
    the_time timestamptz, the_day date
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF is_on_paper THEN
        RAISE EXCEPTION 'a paper ballot takes two agents' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN campaigns.put_ballot(
        the_vote, the_pseudonym, the_account, false, the_sealed, the_stamp, the_time, the_day);
END $$;

CREATE FUNCTION campaigns.give_slip(
    the_vote uuid, the_pseudonym bytea, the_account bytea, the_number bytea, the_agent uuid, the_stamp bytea,
    the_time timestamptz, the_day date
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE said text := campaigns.may_vote(the_vote, the_pseudonym, the_account, the_time);
BEGIN
    IF said IN ('closed', 'other') THEN
        RETURN said;
    END IF;
    DELETE FROM campaigns.paper_slip WHERE vote_id = the_vote AND pseudonym = the_pseudonym;
    INSERT INTO campaigns.paper_slip (vote_id, pseudonym, account, number, checked_by, stamp, given_on)
        VALUES (the_vote, the_pseudonym, the_account, the_number, the_agent, the_stamp, the_day);
    RETURN said;
END $$;

CREATE FUNCTION campaigns.slip_of(the_vote uuid, the_number bytea, the_day date)
RETURNS TABLE (pseudonym bytea, account bytea, checked_by uuid, stamp bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.pseudonym, s.account, s.checked_by, s.stamp FROM campaigns.paper_slip s
        WHERE s.vote_id = the_vote AND s.number = the_number AND s.given_on = the_day
$$;

CREATE FUNCTION campaigns.take_on_paper(
    the_vote uuid, the_number bytea, the_agent uuid, the_sealed bytea, the_stamp bytea, the_time timestamptz,
    the_day date
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE slip record; said text;
BEGIN
    SELECT * INTO slip FROM campaigns.slip_of(the_vote, the_number, the_day);
    IF NOT FOUND THEN
        RETURN 'no_slip';
    ELSIF slip.checked_by = the_agent THEN
        RETURN 'same';
    END IF;
    said := campaigns.may_vote(the_vote, slip.pseudonym, slip.account, the_time);
    IF said IN ('closed', 'other') THEN
        RETURN said;
    END IF;
    DELETE FROM campaigns.paper_slip WHERE vote_id = the_vote AND number = the_number;
    IF NOT FOUND THEN
        RETURN 'no_slip';
    END IF;
    RETURN campaigns.put_ballot(
        the_vote, slip.pseudonym, slip.account, true, the_sealed, the_stamp, the_time, the_day);
END $$;
REVOKE ALL ON FUNCTION campaigns.may_vote, campaigns.put_ballot, campaigns.give_slip, campaigns.slip_of,
    campaigns.take_on_paper FROM PUBLIC;
"""
# Between this and the first migration no ballot is taken: `take_ballot` calls `put_ballot`.
NO_FUNCTIONS = """
DROP FUNCTION campaigns.may_vote, campaigns.put_ballot, campaigns.give_slip, campaigns.slip_of,
    campaigns.take_on_paper;
"""

#: What the portal may do, under the name that WEB_ROLE gives its role.
OF_THE_PORTAL = (
    "REVOKE ALL ON campaigns.paper_slip FROM {role}",
    "GRANT EXECUTE ON FUNCTION campaigns.give_slip, campaigns.slip_of, campaigns.take_on_paper TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT SELECT, DELETE ON campaigns.paper_slip TO release;
    END IF;
END $$;
"""


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


class Migration(migrations.Migration):
    dependencies = [("debates", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PaperSlip",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "vote_id", "pseudonym", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("vote_id", models.UUIDField()),
                ("pseudonym", models.BinaryField(help_text="as a ballot has it")),
                ("account", models.BinaryField()),
                ("number", models.BinaryField(help_text="HMAC of the number on the envelope")),
                ("checked_by", models.UUIDField(help_text="the agent who saw the identity paper")),
                ("stamp", models.BinaryField(help_text="the portal's HMAC of the others")),
                ("given_on", models.DateField()),
            ],
            options={
                "db_table": 'campaigns"."paper_slip',
                "constraints": [models.UniqueConstraint(fields=("vote_id", "number"), name="paper_slip_number_once")],
            },
        ),
        migrations.AddField(
            model_name="moderation",
            name="notified_at",
            field=models.DateTimeField(null=True, help_text="when the author was told that it was set aside"),
        ),
        migrations.AddField(
            model_name="moderation",
            name="answer_notified_at",
            field=models.DateTimeField(null=True, help_text="when they were told of the decision on it"),
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
