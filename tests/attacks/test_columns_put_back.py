"""Whoever writes as the portal's role hides no row behind a column that they change, nor puts one back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from psycopg import sql as composed

from accounts.models import Nomination, Organisation, PendingAccount, SheetClosing
from accounts.two_persons import ACTS
from campaigns.debates import standing
from campaigns.debates.actions import posts
from campaigns.debates.enums import Rule
from campaigns.debates.models import Post
from core.rows import Forged, check
from services.aids.actions import urgent_dates
from services.requests.actions import answering
from tests.accounts.factories import AgentFactory
from tests.attacks.test_rows_put_back import kept, sql
from tests.attacks.test_written_rows import INCOME, reads
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.services.requests.made import member, opened_office, sent
from tests.vault.couples import couple, granted, place
from tests.vault.entrusted import help_of
from tests.vault.made import HOME, add, add_signed_notice
from vault.records.actions import grants
from vault.records.models import GrantField, GrantReading, Record
from vault.sharing.actions import erasures, helping, household
from vault.sharing.enums import HelpAnswer

pytestmark = pytest.mark.django_db
stays = import_module("core.migrations.0028_columns_stay")
KEPT = stays.read(stays.KEPT) | stays.read(import_module("core.migrations.0029_city_rows_stay").KEPT)
COVERED = stays.read(stays.COVERED) | stays.read(import_module("core.migrations.0031_second_writings").COVERED)
REFUSED = "keeps what it is found by"
COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
#: Two values of each type.
VALUES = {
    "uuid": ("'00000000-0000-4000-8000-000000000001'", "'00000000-0000-4000-8000-000000000002'"),
    "character varying": ("'a'", "'b'"),
    "text": ("'a'", "'b'"),
    "text[]": ("'{a}'", "'{b}'"),
    "character varying[]": ("'{a}'", "'{b}'"),
    "bytea": ("'a'", "'b'"),
    "boolean": ("false", "true"),
    "jsonb": ("'[1]'", "'[2]'"),
    "date": ("'2020-01-01'", "'2020-01-02'"),
    "timestamp with time zone": ("'2020-01-01'", "'2020-01-02'"),
    "interval": ("'1 day'", "'2 days'"),
}


def two_of(kind: str) -> tuple[str, str]:
    return VALUES.get(kind, ("1", "2"))


@contextmanager
def one_row(admin: psycopg.Connection[Any], table: str, trigger: str) -> Iterator[dict[str, str]]:
    """Put one row in a table that has only this trigger and no checks meanwhile, and act as the portal's role. All is
    undone.

    Yields the type of each column.
    """
    with admin.transaction(force_rollback=True):
        types: dict[str, str] = dict(admin.execute(COLUMNS, [table]).fetchall())
        name = composed.Identifier(table)
        checks = admin.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table]
        ).fetchall()
        for (check_name,) in checks:
            admin.execute(
                composed.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, composed.Identifier(check_name))
            )
        admin.execute("SET LOCAL session_replication_role = replica")
        values = ", ".join(two_of(kind)[0] for kind in types.values())
        columns = ", ".join(f'"{column}"' for column in types)
        admin.execute(f"DELETE FROM {table}")
        admin.execute(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})")
        admin.execute("SET LOCAL session_replication_role = origin")
        admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER, ENABLE TRIGGER {trigger}")
        admin.execute("SET LOCAL ROLE web")
        yield types


def refusal(admin: psycopg.Connection[Any], change: str) -> str:
    """Return why the database refuses a change, or "" if it takes it. The change is undone."""
    try:
        with admin.transaction(force_rollback=True):
            admin.execute(change)
    except psycopg.Error as error:
        return str(error)
    return ""


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.django_db(transaction=True)
def test_the_portal_s_role_changes_no_column_by_which_a_row_is_found(databases: Any, table: str) -> None:
    connection.close()
    frozen, filled = KEPT[table]
    with one_row(databases.admin, table, "core_columns_stay") as types:
        for column in frozen:
            change = f'UPDATE {table} SET "{column}" = {two_of(types[column])[1]}'
            assert REFUSED in refusal(databases.admin, change), column
        for column in filled:
            assert REFUSED in refusal(databases.admin, f'UPDATE {table} SET "{column}" = NULL'), column


@pytest.mark.parametrize("table", COVERED)
@pytest.mark.django_db(transaction=True)
def test_a_column_under_a_mac_that_changes_alone_takes_the_mac_away(databases: Any, table: str) -> None:
    connection.close()
    free = {*COVERED[table][0], "mac", "id"}
    with one_row(databases.admin, table, "core_mac_goes") as types:
        for column, kind in types.items():
            if column in {"id", "mac"}:
                continue
            change = f'UPDATE {table} SET "{column}" = {two_of(kind)[1]} RETURNING mac'
            with databases.admin.transaction(force_rollback=True):
                [(mac,)] = databases.admin.execute(change).fetchall()
            assert (mac == b"a") == (column in free), column


def refused(statement: str, *values: Any) -> None:
    """Try a statement that the database refuses."""
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement, *values)


def add_again(copy: dict[str, list[dict[str, Any]]]) -> None:
    """Try to insert rows again that were deleted."""
    for table, rows in copy.items():
        for row in rows:
            values = [str(value) if isinstance(value, dict | list) else value for value in row.values()]
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
            refused(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values)


def test_a_nomination_or_an_offered_account_is_not_moved_while_the_second_decides() -> None:
    agent, manager = AgentFactory(), AgentFactory(manages_agents=True)
    PendingAccount.objects.create(
        email=agent.email, name="Zoé", offered_by=manager, opened_at=timezone.now(), account=agent, token_hash="a"
    )
    refused("UPDATE accounts_nomination SET person_id = %s WHERE person_id = %s", manager.pk, agent.pk)
    refused("UPDATE accounts_nomination SET confirmed_at = NULL, mac = 'x'")
    changes = ["email = 'x'", "account_id = NULL", "account_id = offered_by_id", "opened_at = NULL"]
    for change in (*changes, "opened_at = NULL, mac = 'x'"):
        refused(f"UPDATE accounts_pendingaccount SET {change}")


def test_a_second_factor_that_nobody_saw_is_not_taken_away_while_its_agent_decides() -> None:
    first, second = AgentFactory(), AgentFactory()
    act = ACTS["urgent_access"]
    act.require(first, second)
    unseen = Authenticator.objects.create(user=first, type=Authenticator.Type.RECOVERY_CODES, data={})
    unseen.created_at = timezone.now() + timedelta(hours=1)
    unseen.save()
    refused("UPDATE mfa_authenticator SET user_id = %s WHERE id = %s", AgentFactory().pk, unseen.pk)
    copy = kept("mfa_authenticator")
    sql("DELETE FROM mfa_authenticator WHERE id = %s", unseen.pk)
    with pytest.raises(Forged):
        act.require(first, second)
    copy["mfa_authenticator"] = [one for one in copy["mfa_authenticator"] if one["id"] == unseen.pk]
    add_again(copy)


def test_a_line_that_its_resident_takes_out_of_a_share_does_not_go_on(resident: Any) -> None:
    add_signed_notice(resident)
    grant = granted(resident, INCOME, "fiscal.avis_ir#/nombre_parts")
    refused("UPDATE records_grantfield SET field = 'x' WHERE field = %s", INCOME)
    copy = kept("records_grantfield")
    sql("DELETE FROM records_grantfield")
    add_again(copy)
    with scope(resident=resident.pk):
        assert not GrantField.objects.exists()
    assert not reads(grant)


def test_a_share_gets_no_other_owner_nor_recipient(resident: Any, stranger: Any) -> None:
    granted(resident, INCOME)
    for column in ("resident_id", "recipient_id", "subject_id"):
        refused(f"UPDATE records_grant SET {column} = %s", stranger.pk)
    refused("UPDATE records_grant SET recipient_kind = 'office'")


def test_a_member_of_a_household_is_not_hidden_while_another_one_leaves(resident: Any, stranger: Any) -> None:
    couple(resident, stranger)
    [former] = [one for one in kept("sharing_member")["sharing_member"] if one["resident_id"] == stranger.pk]
    home, other = place(stranger).household_id, uuid4()
    sql("INSERT INTO sharing_household (id, created_at) VALUES (%s, now())", other)
    refused("UPDATE sharing_member SET household_id = %s WHERE household_id = %s", other, home)
    sql("UPDATE sharing_member SET left_at = now() WHERE resident_id = %s", stranger.pk)
    refused("UPDATE sharing_member SET left_at = NULL, mac = %s WHERE id = %s", former["mac"], former["id"])
    sql("UPDATE sharing_member SET left_at = NULL WHERE id = %s", former["id"])
    with pytest.raises(Forged):
        household.leave(resident_id=resident.pk, by=resident.pk)


def test_a_result_of_the_couple_is_not_hidden_while_it_is_forgotten(resident: Any, stranger: Any) -> None:
    add(resident, "logement.domicile", HOME)
    for column in ("subject_person", "resident_id"):
        refused(f"UPDATE records_record SET {column} = %s", stranger.pk)
    refused("UPDATE records_record SET type = 'x'")
    copy = kept("records_record")
    sql("DELETE FROM records_record")
    add_again(copy)
    with scope(resident=resident.pk):
        assert not Record.objects.exists()


def test_a_text_that_was_set_aside_is_not_shown_again() -> None:
    campaign = given.opened()
    aside, other = voted.proposal(campaign), voted.proposal(campaign, "Un parking")
    posts.set_aside(post=aside, by=AgentFactory(), rule=Rule.TWICE, reasons="Deux fois.")
    refused("UPDATE debates_moderation SET post_id = %s", other.pk)
    sql(
        "UPDATE debates_moderation SET upheld = true, appealed_on = now(), decided_at = now(), decided_by_id = %s",
        AgentFactory().pk,
    )
    with pytest.raises(Forged):
        list(Post.objects.filter(campaign=campaign).shown())
    with pytest.raises(Forged):
        standing.set_aside(campaign)


def test_help_that_was_withdrawn_does_not_come_back(resident: Any) -> None:
    row = help_of(resident)
    former = bytes(row.mac)
    sql("UPDATE sharing_helprequest SET answer = %s, answered_at = now()", HelpAnswer.values[0])
    with pytest.raises(Forged):
        helping.withdraw_help(request=row, by=resident.pk)
    refused("UPDATE sharing_helprequest SET answer = '', answered_at = NULL, mac = %s", former)
    sql("UPDATE sharing_helprequest SET answer = '', answered_at = NULL")
    with scopes_disabled():
        row.refresh_from_db()
    with pytest.raises(Forged):
        check(row)


def test_dates_are_not_moved_while_they_are_erased(resident: Any, stranger: Any) -> None:
    day = timezone.localdate()
    urgent_dates.note(resident_id=resident.pk, by=resident.pk, code="deces", days={"deces": day})
    refused("UPDATE aids_urgentdates SET resident_id = %s", stranger.pk)
    copy = kept("aids_urgentdates")
    sql("DELETE FROM aids_urgentdates")
    add_again(copy)


def test_an_office_with_agents_is_not_noted_as_one_without(resident: Any) -> None:
    office = opened_office()
    claire = member(office, "Claire Morvan", instructs=True)
    member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = sent(resident, office)
    assert answering._could_be_answered(row)
    refused("UPDATE accounts_membership SET organisation_id = %s", Organisation.objects.create(name="CCAS").pk)
    sql("UPDATE accounts_membership SET ended_at = now() WHERE id = %s", claire.pk)
    with pytest.raises(Forged):
        answering._could_be_answered(row)


def test_a_place_in_an_office_is_not_deleted(resident: Any) -> None:
    office = opened_office()
    claire = member(office, "Claire Morvan", instructs=True)
    member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = sent(resident, office)
    refused("DELETE FROM accounts_membership WHERE id = %s", claire.pk)
    assert answering._could_be_answered(row)


def test_a_closing_that_was_taken_back_at_the_desk_does_not_go_on(resident: Any, stranger: Any) -> None:
    made = SheetClosing.objects.create(person=resident, asked_by=AgentFactory())
    former = bytes(made.mac)
    refused("UPDATE accounts_sheetclosing SET person_id = %s", stranger.pk)
    sql("UPDATE accounts_sheetclosing SET cancelled_at = now()")
    refused("UPDATE accounts_sheetclosing SET cancelled_at = NULL, mac = %s", former)
    with pytest.raises(Forged):
        SheetClosing.objects.get()


def test_what_a_service_received_is_not_forgotten(resident: Any, stranger: Any) -> None:
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    assert reads(grant)
    for attack in (
        "DELETE FROM records_grantreading",
        "UPDATE records_grantreading SET fields = '[]'",
        f"UPDATE records_grantreading SET resident_id = '{stranger.pk}'",
    ):
        refused(attack)
    grants.stop(grant=grant, by=resident.pk)
    with scope(resident=resident.pk):
        assert GrantReading.objects.count() == 1 and erasures.received(grant).fields == [INCOME]


def test_what_decides_who_is_one_of_two_is_there_when_nothing_was_written() -> None:
    """The same acts without an attack succeed."""
    first, second = AgentFactory(), AgentFactory()
    ACTS["urgent_access"].require(first, second)
    assert Nomination.objects.filter(person__in=[first, second], confirmed_at__isnull=False).count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_rules_go_as_they_came(databases: Any) -> None:
    connection.close()
    names = "^core_(mac_goes|columns_stay|gone|gone_for_good|reading_stays)$"
    ours = f"SELECT count(*) FROM pg_trigger WHERE tgname ~ '{names}'"
    with databases.admin.transaction(force_rollback=True):
        [(before,)] = databases.admin.execute(ours).fetchall()
        databases.admin.execute(stays.FORMER)
        assert before > 150 and databases.admin.execute(ours).fetchall() == [(0,)]
        databases.admin.execute(stays.GUARD)
