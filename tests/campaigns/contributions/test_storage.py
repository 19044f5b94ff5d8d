"""What the database lets the portal, and the role `release`, do with contributions."""

from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from campaigns.contributions import store

EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
CAMPAIGN, NAME = uuid4(), b"p" * 32
ROW = [CAMPAIGN, NAME, uuid4(), "2026-12-05", b"sealed"]
INSERT = (
    "INSERT INTO campaigns.arrival (campaign_id, pseudonym, batch_id, counts_from, payload)"
    " VALUES (%s, %s, %s, %s, %s)"
)
REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def web(databases, transactional_db):
    with psycopg.connect(databases.url("web"), autocommit=True) as one:
        yield one


@pytest.fixture
def release(databases, transactional_db):
    with psycopg.connect(databases.url("release"), autocommit=True) as one:
        yield one


def rights(role, table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) word WHERE has_table_privilege(%s, %s, word)",
            [list(EVERY), role, table],
        )
        return {word for (word,) in cursor.fetchall()}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "web", "release"),
    [
        ("campaigns.arrival", {"INSERT"}, {"SELECT", "DELETE"}),
        ("campaigns.contribution", set(), {"SELECT", "INSERT", "DELETE"}),
        ("campaigns.batch", {"INSERT"}, {"SELECT", "DELETE"}),
        ("campaigns.release_run", {"SELECT"}, {"SELECT", "INSERT", "UPDATE"}),
        ("campaigns.charge", {"SELECT"}, {"SELECT", "INSERT"}),
        ("campaigns.publication", {"SELECT"}, {"SELECT", "INSERT"}),
        ("campaigns.increment", set(), {"SELECT", "INSERT"}),
        ("campaigns.ballot_arrival", set(), {"SELECT", "DELETE"}),
        ("campaigns.ballot", set(), {"SELECT", "INSERT", "DELETE"}),
        ("campaigns.paper_slip", set(), {"SELECT", "DELETE"}),
        ("keystore.campaign_key", set(), {"SELECT", "INSERT", "DELETE"}),
    ],
)
def test_each_role_has_exactly_these_rights(table, web, release):
    assert rights("web", table) == web
    assert rights("release", table) == release


@pytest.mark.django_db
def test_the_role_release_reaches_no_vault():
    """Its rights outside campaigns, table by table: another one here is another decision."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, string_agg(word, ' ' ORDER BY word) FROM pg_class, unnest(%s::text[]) word"
            " WHERE relkind IN ('r', 'v', 'S') AND relnamespace IN ('public'::regnamespace, 'keystore'::regnamespace)"
            " AND relname <> 'campaign_key'"
            " AND CASE relkind WHEN 'S' THEN has_sequence_privilege('release', oid, 'USAGE')"
            " ELSE has_table_privilege('release', oid, word) OR has_any_column_privilege('release', oid, 'SELECT') END"
            " GROUP BY relname ORDER BY relname",
            [["SELECT", "INSERT", "UPDATE", "DELETE"]],
        )
        found = [name for name, _words in cursor.fetchall()]
        assert found == [
            "core_checkpoint",
            "core_citykey",
            "core_registerentry",
            "core_workerbeat",
            "debates_vote",
            "plans_campaign",
        ], "the register and its checkpoints: what each night freezes of a vote"
        cursor.execute("SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'release'")
        assert cursor.fetchone() == (False, False, False)


@pytest.mark.django_db
def test_this_database_keeps_contributions_apart():
    assert store.is_apart()


def test_the_portal_contributes_and_withdraws_and_sees_only_that_a_row_is_there(web):
    web.execute(INSERT, ROW)
    for name, is_there in ((NAME, True), (b"q" * 32, False)):
        assert web.execute("SELECT campaigns.holds_contribution(%s, %s)", [CAMPAIGN, name]).fetchone() == (is_there,)
        removed = web.execute("SELECT was_moved FROM campaigns.remove_contribution(%s, %s)", [CAMPAIGN, name])
        assert removed.fetchall() == ([(False,)] if is_there else [])
    assert web.execute("SELECT campaigns.holds_contribution(%s, %s)", [CAMPAIGN, NAME]).fetchone() == (False,)


def test_the_portal_may_do_nothing_else(web):
    web.execute(INSERT, ROW)
    statements = [
        "SELECT payload FROM campaigns.arrival",
        "SELECT batch_id FROM campaigns.arrival",
        "SELECT * FROM campaigns.contribution",
        "SELECT counts_from FROM campaigns.contribution",
        "SELECT sealed FROM campaigns.batch",
        "SELECT id FROM campaigns.batch",
        "SELECT private FROM keystore.campaign_key",
        "COPY campaigns.arrival TO STDOUT",
        "UPDATE campaigns.arrival SET payload = ''",
        "DELETE FROM campaigns.arrival RETURNING payload",
        "DELETE FROM campaigns.contribution RETURNING payload",
        "INSERT INTO campaigns.contribution SELECT * FROM campaigns.arrival",
        "INSERT INTO campaigns.charge (id) VALUES (gen_random_uuid())",
        "DELETE FROM campaigns.charge",
        "SELECT noisy FROM campaigns.increment",
        "SELECT again FROM campaigns.contribution",
        "UPDATE campaigns.publication SET document = ''",
        "UPDATE campaigns.release_run SET state = 'waiting'",
        "DELETE FROM keystore.campaign_key",
        "INSERT INTO keystore.campaign_key (campaign_id) VALUES (gen_random_uuid())",
        "CREATE TABLE campaigns.mine (id int)",
        "SET ROLE release",
    ]
    assert allowed(web, statements) == []
    replacing = " ON CONFLICT (campaign_id, pseudonym) DO UPDATE SET payload = ''"
    for more in (replacing, " RETURNING payload"):
        with pytest.raises(REFUSED):
            web.execute(INSERT + more, ROW)


def allowed(role, statements):
    """Return the statements that a role may run."""
    done = []
    for statement in statements:
        try:
            role.execute(statement)
        except REFUSED:
            continue
        done.append(statement)
    return done


def test_the_worker_of_releases_reads_no_vault_and_rewrites_nothing(release):
    statements = [
        "SELECT * FROM keystore.resident_key",
        "SELECT * FROM records_grant",
        "SELECT * FROM accounts_user",
        "SELECT * FROM core_journalentry",
        "SELECT * FROM contributions_participation",
        "DELETE FROM campaigns.charge",
        "UPDATE campaigns.increment SET noisy = 0",
        "UPDATE campaigns.publication SET document = ''",
    ]
    assert allowed(release, statements) == []


def test_not_even_the_owner_changes_what_was_charged_or_published(databases, release):
    charge(release, rho=0.1, limit=0.2)
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        for statement in (
            "DELETE FROM campaigns.charge",
            "UPDATE campaigns.charge SET rho = 0.01",
            "TRUNCATE campaigns.charge",
        ):
            with pytest.raises(REFUSED, match="never changes"):
                owner.execute(statement)


def charge(release, *, rho, limit, window="w1", table="t", attempt=1, campaign=CAMPAIGN):
    release.execute(
        'INSERT INTO campaigns.charge (id, campaign_id, "window", attempt, "table", rho, "limit", at)'
        " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, now())",
        [campaign, window, attempt, table, rho, limit],
    )


def test_a_window_is_never_charged_above_its_first_limit(release):
    charge(release, rho=0.1, limit=0.2)
    charge(release, rho=0.1, limit=0.2, table="u")
    for limit in (0.2, 5.0):
        with pytest.raises(psycopg.errors.CheckViolation, match="budget"):
            charge(release, rho=0.05, limit=limit, table="v")
    charge(release, rho=0.2, limit=0.2, window="w2")
