"""Ballots by the clock of the database; online and on paper apart; one identity for an account, in each vote.

No function takes a time from its caller any more: the former ones go. A paper ballot lies beside the online one of its
identity, so that no answer about one depends on the other; the count takes the paper one. An account that voted under
several identities in a vote that is open keeps one ballot. Two agents prove an identity at the desk.
"""

import uuid
from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The latest ballot that is known to be, otherwise any.
ONE_FOR_AN_ACCOUNT = """
DELETE FROM campaigns.ballot kept USING campaigns.ballot_arrival later
    WHERE later.vote_id = kept.vote_id AND later.account = kept.account AND later.pseudonym <> kept.pseudonym
    AND NOT later.on_paper AND NOT kept.on_paper;
DELETE FROM campaigns.ballot_arrival kept USING campaigns.ballot_arrival later
    WHERE later.vote_id = kept.vote_id AND later.account = kept.account
    AND (later.arrived_on, later.pseudonym) > (kept.arrived_on, kept.pseudonym)
    AND NOT later.on_paper AND NOT kept.on_paper;
DELETE FROM campaigns.ballot kept USING campaigns.ballot later
    WHERE later.vote_id = kept.vote_id AND later.account = kept.account AND later.pseudonym > kept.pseudonym
    AND NOT later.on_paper AND NOT kept.on_paper;
"""
KEYS = """
ALTER TABLE campaigns.ballot DROP CONSTRAINT ballot_pkey, ADD PRIMARY KEY (vote_id, pseudonym, on_paper);
ALTER TABLE campaigns.ballot_arrival DROP CONSTRAINT ballot_arrival_pkey,
    ADD PRIMARY KEY (vote_id, pseudonym, on_paper);
"""
FORMER_KEYS = """
ALTER TABLE campaigns.ballot DROP CONSTRAINT ballot_pkey, ADD PRIMARY KEY (vote_id, pseudonym);
ALTER TABLE campaigns.ballot_arrival DROP CONSTRAINT ballot_arrival_pkey, ADD PRIMARY KEY (vote_id, pseudonym);
"""

# Locks in this order everywhere: the vote's, shared with the count, then the account's, the identity's, then rows.
# clock_timestamp(): now() is the time at which the caller began a transaction, perhaps before the end of the vote.
FUNCTIONS = """
DROP FUNCTION campaigns.take_ballot, campaigns.put_ballot, campaigns.may_vote, campaigns.give_slip, campaigns.slip_of,
    campaigns.take_on_paper, campaigns.roll_says;

CREATE FUNCTION campaigns.clock() RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS 'SELECT clock_timestamp()';

CREATE FUNCTION campaigns.today() RETURNS date
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$ SELECT (campaigns.clock() AT TIME ZONE 'Europe/Paris')::date $$;

CREATE FUNCTION campaigns.takes_ballots(the_vote uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an older snapshot does not see the ballots of others' USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('count ' || the_vote, 0));
    RETURN EXISTS (
            SELECT FROM public.debates_vote
                WHERE id = the_vote AND state = 'approved' AND closes_at > campaigns.clock())
        AND NOT EXISTS (SELECT FROM campaigns.publication WHERE campaign_id = the_vote);
END $$;

CREATE FUNCTION campaigns.take_ballot(
    the_vote uuid, the_pseudonym bytea, the_account bytea, the_sealed bytea, the_stamp bytea
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE same boolean; other boolean;
BEGIN
    IF NOT campaigns.takes_ballots(the_vote) THEN
        RETURN 'closed';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('account ' || the_vote || encode(the_account, 'hex'), 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('ballot ' || the_vote || encode(the_pseudonym, 'hex'), 0));
    SELECT bool_or(pseudonym = the_pseudonym AND account = the_account),
            bool_or(pseudonym <> the_pseudonym OR account <> the_account)
        INTO same, other FROM (
        SELECT pseudonym, account FROM campaigns.ballot
            WHERE vote_id = the_vote AND NOT on_paper AND (pseudonym = the_pseudonym OR account = the_account)
        UNION ALL
        SELECT pseudonym, account FROM campaigns.ballot_arrival
            WHERE vote_id = the_vote AND NOT on_paper AND (pseudonym = the_pseudonym OR account = the_account)
    ) AS kept;
    IF other THEN
        RETURN 'other';
    END IF;
    INSERT INTO campaigns.ballot_arrival (vote_id, pseudonym, account, on_paper, sealed, stamp, arrived_on)
        VALUES (the_vote, the_pseudonym, the_account, false, the_sealed, the_stamp, campaigns.today())
        ON CONFLICT (vote_id, pseudonym, on_paper)
        DO UPDATE SET sealed = excluded.sealed, stamp = excluded.stamp, arrived_on = excluded.arrived_on;
    RETURN CASE WHEN same THEN 'replaced' ELSE 'first' END;
END $$;

CREATE FUNCTION campaigns.identity_of(the_vote uuid, the_account bytea) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT pseudonym FROM campaigns.ballot WHERE vote_id = the_vote AND account = the_account AND NOT on_paper
    UNION
    SELECT pseudonym FROM campaigns.ballot_arrival WHERE vote_id = the_vote AND account = the_account AND NOT on_paper
$$;

CREATE FUNCTION campaigns.roll_says(the_vote uuid, the_pseudonym bytea, the_account bytea)
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN campaigns.identity_of(the_vote, the_account) IS NOT NULL THEN 'own'
        WHEN EXISTS (
            SELECT FROM campaigns.ballot WHERE vote_id = the_vote AND pseudonym = the_pseudonym AND NOT on_paper
            UNION ALL
            SELECT FROM campaigns.ballot_arrival
                WHERE vote_id = the_vote AND pseudonym = the_pseudonym AND NOT on_paper
        ) THEN 'other'
        ELSE 'none'
    END
$$;

CREATE FUNCTION campaigns.give_slip(
    the_vote uuid, the_pseudonym bytea, the_account bytea, the_number bytea, the_agent uuid, the_stamp bytea
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT campaigns.takes_ballots(the_vote) THEN
        RETURN false;
    END IF;
    INSERT INTO campaigns.paper_slip (vote_id, pseudonym, account, number, checked_by, stamp, given_on)
        VALUES (the_vote, the_pseudonym, the_account, the_number, the_agent, the_stamp, campaigns.today())
        ON CONFLICT (vote_id, pseudonym)
        DO UPDATE SET account = excluded.account, number = excluded.number, checked_by = excluded.checked_by,
            stamp = excluded.stamp, given_on = excluded.given_on;
    RETURN true;
END $$;

CREATE FUNCTION campaigns.slip_of(the_vote uuid, the_number bytea)
RETURNS TABLE (pseudonym bytea, account bytea, checked_by uuid, stamp bytea)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.pseudonym, s.account, s.checked_by, s.stamp FROM campaigns.paper_slip s
        WHERE s.vote_id = the_vote AND s.number = the_number AND s.given_on = campaigns.today()
$$;

CREATE FUNCTION campaigns.take_on_paper(
    the_vote uuid, the_number bytea, the_agent uuid, the_sealed bytea, the_stamp bytea
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE slip record;
BEGIN
    IF NOT campaigns.takes_ballots(the_vote) THEN
        RETURN 'closed';
    END IF;
    SELECT * INTO slip FROM campaigns.slip_of(the_vote, the_number);
    IF NOT FOUND THEN
        RETURN 'no_slip';
    ELSIF slip.checked_by = the_agent THEN
        RETURN 'same';
    END IF;
    DELETE FROM campaigns.paper_slip WHERE vote_id = the_vote AND number = the_number;
    IF NOT FOUND THEN
        RETURN 'no_slip';
    END IF;
    INSERT INTO campaigns.ballot_arrival (vote_id, pseudonym, account, on_paper, sealed, stamp, arrived_on)
        VALUES (the_vote, slip.pseudonym, slip.account, true, the_sealed, the_stamp, campaigns.today())
        ON CONFLICT (vote_id, pseudonym, on_paper) DO NOTHING;
    RETURN 'first';
END $$;
REVOKE ALL ON FUNCTION campaigns.clock, campaigns.today, campaigns.takes_ballots, campaigns.take_ballot,
    campaigns.identity_of, campaigns.roll_says, campaigns.give_slip, campaigns.slip_of, campaigns.take_on_paper
    FROM PUBLIC;
"""

# The functions of before. Between this and the former migration no ballot is taken: the portal may not call them.
NO_FUNCTIONS = """
DROP FUNCTION campaigns.clock, campaigns.today, campaigns.takes_ballots, campaigns.take_ballot, campaigns.identity_of,
    campaigns.roll_says, campaigns.give_slip, campaigns.slip_of, campaigns.take_on_paper;
"""
NO_FUNCTIONS += import_module("campaigns.debates.migrations.0001_initial").BALLOTS
NO_FUNCTIONS += import_module("campaigns.debates.migrations.0002_paper_by_two").FUNCTIONS

#: What the portal may do, under the name that WEB_ROLE gives its role.
OF_THE_PORTAL = (
    "GRANT EXECUTE ON FUNCTION campaigns.take_ballot, campaigns.identity_of, campaigns.roll_says, campaigns.give_slip,"
    " campaigns.slip_of, campaigns.take_on_paper TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT SELECT, INSERT ON core_registerentry TO release;
        GRANT SELECT ON core_checkpoint TO release;
    END IF;
END $$;
"""


def limit_the_portal(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.fetchone() is not None:
            for sentence in OF_THE_PORTAL:
                cursor.execute(sentence.format(role=schema_editor.quote_name(settings.WEB_ROLE)))


def composite_key():
    return models.CompositePrimaryKey(
        "vote_id", "pseudonym", "on_paper", blank=True, editable=False, primary_key=True, serialize=False
    )


def once_for_an_account(model):
    return migrations.AddConstraint(
        model_name=model,
        constraint=models.UniqueConstraint(
            fields=("vote_id", "account"), condition=models.Q(("on_paper", False)), name=f"{model}_once_for_an_account"
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("debates", "0003_opening_votes"), ("core", "0008_register")]

    operations = [
        migrations.CreateModel(
            name="IdentityCheck",
            fields=[
                ("mac", models.BinaryField(default=bytes, help_text="of the columns that decide")),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("resident_id", models.UUIDField(db_index=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("pseudonym", models.BinaryField()),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "checked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("resident_id",), name="identity_check_once")],
            },
        ),
        migrations.RunSQL(ONE_FOR_AN_ACCOUNT, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEYS, FORMER_KEYS)],
            state_operations=[
                migrations.AlterField(model, "pk", composite_key()) for model in ("ballot", "ballotarrival")
            ],
        ),
        once_for_an_account("ballot"),
        once_for_an_account("ballotarrival"),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
