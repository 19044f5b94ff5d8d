"""The tables of debates and votes, what each role may do with ballots, and rows that never change.

The role `web` has no right on the tables of ballots. It calls `take_ballot` and `roll_says`, which run as the owner of
the tables: it can neither read a ballot, nor count them, nor list who voted. A database made without our roles still
migrates: no vote opens there, since nothing makes its keys.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The count takes the first lock alone, so a ballot is either counted or refused; the second one is of one identity.
BALLOTS = """
CREATE FUNCTION campaigns.take_ballot(
    the_vote uuid, the_pseudonym bytea, the_account bytea, is_on_paper boolean, the_sealed bytea, the_stamp bytea,
    the_time timestamptz, the_day date
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
    IF found IS NOT NULL AND found <> the_account THEN
        RETURN 'other';
    END IF;
    DELETE FROM campaigns.ballot WHERE vote_id = the_vote AND pseudonym = the_pseudonym;
    DELETE FROM campaigns.ballot_arrival WHERE vote_id = the_vote AND pseudonym = the_pseudonym;
    INSERT INTO campaigns.ballot_arrival (vote_id, pseudonym, account, on_paper, sealed, stamp, arrived_on)
        VALUES (the_vote, the_pseudonym, the_account, is_on_paper, the_sealed, the_stamp, the_day);
    RETURN CASE WHEN found IS NULL THEN 'first' ELSE 'replaced' END;
END $$;

CREATE FUNCTION campaigns.roll_says(the_vote uuid, the_pseudonym bytea, the_account bytea)
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT CASE WHEN account = the_account THEN 'own' ELSE 'other' END FROM (
            SELECT account FROM campaigns.ballot WHERE vote_id = the_vote AND pseudonym = the_pseudonym
            UNION ALL
            SELECT account FROM campaigns.ballot_arrival WHERE vote_id = the_vote AND pseudonym = the_pseudonym
        ) AS kept), 'none')
$$;
REVOKE ALL ON FUNCTION campaigns.take_ballot, campaigns.roll_says FROM PUBLIC;
"""
NO_BALLOTS = "DROP FUNCTION campaigns.take_ballot, campaigns.roll_says"

FROZEN = """
CREATE FUNCTION debates_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'debates_vote' AND TG_OP = 'UPDATE' THEN
        IF OLD.state = 'proposed'
            AND NEW.id = OLD.id AND NEW.campaign_id = OLD.campaign_id AND NEW.options = OLD.options
            AND NEW.closes_at = OLD.closes_at AND NEW.created_by_id = OLD.created_by_id
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER debates_frozen BEFORE UPDATE OR DELETE ON debates_vote FOR EACH ROW EXECUTE FUNCTION debates_frozen();
CREATE TRIGGER debates_frozen BEFORE UPDATE OR DELETE ON debates_post FOR EACH ROW EXECUTE FUNCTION debates_frozen();
CREATE TRIGGER debates_frozen BEFORE DELETE ON debates_moderation FOR EACH ROW EXECUTE FUNCTION debates_frozen();
"""
NOT_FROZEN = """
DROP TRIGGER debates_frozen ON debates_vote;
DROP TRIGGER debates_frozen ON debates_post;
DROP TRIGGER debates_frozen ON debates_moderation;
DROP FUNCTION debates_frozen();
"""

#: What the portal may do, under the name that WEB_ROLE gives its role.
OF_THE_PORTAL = (
    "REVOKE ALL ON campaigns.ballot, campaigns.ballot_arrival FROM {role}",
    "GRANT EXECUTE ON FUNCTION campaigns.take_ballot, campaigns.roll_says TO {role}",
)
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'release') THEN
        GRANT SELECT, DELETE ON campaigns.ballot_arrival TO release;
        GRANT SELECT, INSERT, DELETE ON campaigns.ballot TO release;
        GRANT SELECT ON debates_vote TO release;
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

    initial = True

    dependencies = [
        ("contributions", "0002_rights"),
        ('plans', '0002_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Ballot',
            fields=[
                ('pk', models.CompositePrimaryKey('vote_id', 'pseudonym', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vote_id', models.UUIDField()),
                ('pseudonym', models.BinaryField()),
                ('account', models.BinaryField()),
                ('on_paper', models.BooleanField()),
                ('sealed', models.BinaryField()),
                ('stamp', models.BinaryField()),
            ],
            options={
                'db_table': 'campaigns"."ballot',
            },
        ),
        migrations.CreateModel(
            name='BallotArrival',
            fields=[
                ('pk', models.CompositePrimaryKey('vote_id', 'pseudonym', blank=True, editable=False, primary_key=True, serialize=False)),
                ('vote_id', models.UUIDField()),
                ('pseudonym', models.BinaryField(help_text="HMAC of the voter's identity under the vote's key")),
                ('account', models.BinaryField(help_text='HMAC of the account that voted: another one is refused')),
                ('on_paper', models.BooleanField()),
                ('sealed', models.BinaryField(help_text='the inner envelope, HPKE: the choice, and nothing of the voter')),
                ('stamp', models.BinaryField(help_text="the outer envelope: the portal's HMAC of the others")),
                ('arrived_on', models.DateField(help_text='a day, without an hour')),
            ],
            options={
                'db_table': 'campaigns"."ballot_arrival',
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('proposal', 'Proposition'), ('for', 'Argument pour'), ('against', 'Argument contre')], max_length=10)),
                ('title', models.CharField(blank=True, help_text='of a proposal', max_length=100)),
                ('text', models.CharField(max_length=600)),
                ('written_on', models.DateField()),
                ('about', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='arguments', to='debates.post')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plans.campaign')),
            ],
        ),
        migrations.CreateModel(
            name='Moderation',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('rule', models.CharField(choices=[('person', 'Pas de personne nommée ni reconnaissable'), ('insult', 'Pas d’insulte, de menace ni de haine'), ('advert', 'Pas de publicité'), ('outside', 'Dans le sujet de la consultation'), ('twice', 'Pas deux fois la même chose')], max_length=10)),
                ('reasons', models.CharField(help_text='public', max_length=600)),
                ('appeal', models.CharField(blank=True, help_text='what the author says; for agents', max_length=600)),
                ('appealed_on', models.DateField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('upheld', models.BooleanField(help_text='of the appeal: the post is shown again', null=True)),
                ('decision', models.CharField(blank=True, help_text='public', max_length=600)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('post', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='moderation', to='debates.post')),
            ],
        ),
        migrations.CreateModel(
            name='Authorship',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('post', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='debates.post')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ProvenIdentity',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('resident_id', models.UUIDField(db_index=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('pseudonym', models.BinaryField()),
                ('means', models.CharField(choices=[('franceconnect', 'par FranceConnect'), ('desk', 'au guichet')], max_length=15)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resident_id',), name='proven_identity_once')],
            },
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('mac', models.BinaryField(default=bytes, help_text='of the columns that decide')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('options', models.JSONField(help_text='the proposals as they are voted on: id, title, text')),
                ('closes_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('proposed', 'À approuver'), ('approved', 'Approuvé'), ('refused', 'Refusé')], default='proposed', max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('words', models.CharField(blank=True, help_text='why it was refused; public', max_length=600)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plans.campaign')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('about', None), ('kind', 'proposal'), models.Q(('title', ''), _negated=True)), models.Q(('about__isnull', False), ('kind__in', ['for', 'against']), ('title', '')), _connector='OR'), name='post_is_a_proposal_or_about_one'),
        ),
        migrations.AddConstraint(
            model_name='moderation',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('by')), _negated=True), _connector='OR'), name='moderation_two_persons'),
        ),
        migrations.AddConstraint(
            model_name='moderation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('upheld', None)), models.Q(('appealed_on__isnull', False), ('decided_at__isnull', False), ('decided_by__isnull', False), ('upheld__isnull', False)), _connector='OR'), name='moderation_decided_after_an_appeal'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'refused'), _negated=True), fields=('campaign',), name='vote_one_for_a_consultation'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('created_by')), _negated=True), _connector='OR'), name='vote_two_persons'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'proposed'), ('decided_by__isnull', False), _connector='OR'), name='vote_decided_by_somebody'),
        ),
        migrations.RunSQL(BALLOTS, NO_BALLOTS),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
        migrations.RunPython(limit_the_portal, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
