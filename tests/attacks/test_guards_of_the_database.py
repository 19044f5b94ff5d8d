"""Whoever writes as the portal's role gets around no guard of the database, nor makes a page fail."""

from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from campaigns.contributions.actions import group
from certification.labels.actions import charters, granting
from core import journal
from core.rows import Forged
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.test_written_rows import INCOME
from tests.campaigns import given
from tests.certification.conftest import house, label, one, owner  # noqa: F401 - fixtures
from tests.certification.made import draft_charter
from tests.vault.couples import granted
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.urgent import asked, offered
from vault.records import across
from vault.records.models import Brought
from vault.sharing.actions import emergency

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(databases):
    with psycopg.connect(databases.url("web"), autocommit=True) as found:
        yield found


def while_the_key_is_away(web, resident, statement, *values):
    """Delete a resident's key, write, and insert it again, in one transaction."""
    whose = "FROM keystore.resident_key WHERE resident_id = %s"
    with suppress(psycopg.Error), web.transaction():
        key = web.execute(f"SELECT resident_id, version, kid, wrapped, created_at {whose}", [resident.pk]).fetchone()
        web.execute(f"DELETE {whose}", [resident.pk])
        web.execute(statement, values)
        web.execute("INSERT INTO keystore.resident_key VALUES (%s, %s, %s, %s, %s)", key)


def test_a_refused_urgent_access_rests_for_a_day(resident, web):
    add(resident, "logement.domicile", HOME)
    offered()
    first, second = AgentFactory(), AgentFactory()
    refused = asked(first, resident)
    emergency.decline(access=refused, by=resident.pk)
    again = asked(first, resident)
    while_the_key_is_away(web, resident, "DELETE FROM sharing_emergencyaccess WHERE id = %s", refused.pk)
    with pytest.raises((emergency.TooSoon, Forged)):
        emergency.decide(access=again, by=second, agree=True)


def test_the_journal_is_not_erased_while_the_vault_exists(resident, web):
    add(resident, "logement.domicile", HOME)
    before = len(list(journal.entries(resident_id=resident.pk, limit=50)))
    while_the_key_is_away(web, resident, "SELECT core_erase_journal(%s)", resident.pk)
    assert len(list(journal.entries(resident_id=resident.pk, limit=50))) == before > 0


@pytest.mark.parametrize("table", ["accounts_nomination", "accounts_pendingaccount"])
def test_what_says_who_may_not_decide_together_is_not_deleted(web, table):
    AgentFactory()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"DELETE FROM {table}")


def test_the_note_of_a_copy_that_was_brought_stays_until_its_vault_is_closed(resident, stranger, web):
    with scope(resident=resident.pk):
        row = Brought(resident_id=resident.pk, manifest_sha256="a" * 64, stored_name="aa/bb/" + "c" * 32, size=1)
        row.content = b"sealed"
        row.save(force_insert=True)
    for attack in (
        "DELETE FROM records_brought",
        "UPDATE records_brought SET manifest_sha256 = 'b'",
        f"UPDATE records_brought SET resident_id = '{stranger.pk}'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(attack)
    while_the_key_is_away(web, resident, "DELETE FROM records_brought")
    assert across.was_brought_elsewhere("a" * 64, than=stranger.pk)


def test_a_code_of_a_group_serves_one_account_also_if_its_row_is_deleted(resident, stranger, web):
    campaign = given.grouped()
    code = group.invite(campaign=campaign, by=campaign.created_by)[0]
    group.join(resident_id=resident.pk, by=resident.pk, campaign=campaign, code=code)
    web.execute("DELETE FROM contributions_membership")
    with pytest.raises(group.WrongCode):
        group.join(resident_id=stranger.pk, by=stranger.pk, campaign=campaign, code=code)


def test_a_published_charter_keeps_its_criteria(web):
    draft = draft_charter()
    changed = draft.criteria.filter(blocking=True)[0]
    former = web.execute("SELECT text, mac FROM labels_criterion WHERE id = %s", [changed.pk]).fetchone()
    changed.text = "PLUS STRICTE"
    changed.save()
    charters.publish(charter=draft, by=AgentFactory(manages_agents=True))
    with suppress(psycopg.errors.InsufficientPrivilege):
        web.execute("CREATE TEMP TABLE labels_charterversion (id uuid, published_at timestamptz)")
    for attack in (
        ("UPDATE labels_criterion SET text = %s, mac = %s WHERE id = %s", [*former, changed.pk]),
        ("DELETE FROM labels_criterion WHERE id = %s", [changed.pk]),
    ):
        with suppress(psycopg.Error):
            web.execute(*attack)
        page = Client().get(reverse("labels:charter"))
        assert "PLUS STRICTE" in page.content.decode()


def test_no_label_is_granted_by_a_charter_that_lost_a_requirement(label, databases):  # noqa: F811 - a fixture
    gone = label.request.charter.criteria.first()
    databases.admin.execute("SET session_replication_role = replica")
    databases.admin.execute("DELETE FROM labels_criterion WHERE id = %s", [gone.pk])
    databases.admin.execute("RESET session_replication_role")
    with pytest.raises(Forged):
        granting.grant_label(label.request)


LONG = "('[' || repeat('9', 5000) || ']')::jsonb"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE records_grant SET taken_away = {LONG}",
        f"UPDATE accounts_user SET live_sessions = {LONG}",
        "ALTER ROLE web IN DATABASE {name} SET intervalstyle = 'iso_8601'",
        "ALTER ROLE web IN DATABASE {name} SET idle_in_transaction_session_timeout = '1ms'",
        "ALTER ROLE web IN DATABASE {name} SET local_preload_libraries = 'plpgsql'",
    ],
)
def test_no_page_fails(resident, web, statement):
    add_signed_notice(resident)
    granted(resident, INCOME, at_most_every=timedelta(days=1))
    client = signed_in(resident)
    uploaded(client, resident, notice_pdf(income_year=2024))
    client.raise_request_exception = False
    name = f'"{connection.settings_dict["NAME"]}"'
    try:
        web.execute(statement.format(name=name))
        connection.close()
        pages = [client.get(reverse(one)).status_code for one in ("sharing:shares", "records:home", "home")]
    finally:
        web.execute(f"ALTER ROLE web IN DATABASE {name} RESET ALL")
        connection.close()
    assert 500 not in pages and (statement.startswith("UPDATE") or 503 not in pages)


def test_the_portal_does_not_say_which_migrations_ran(web):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("DELETE FROM django_migrations")
