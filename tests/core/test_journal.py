"""The journal: an entry is written with its act, read by its resident, never changed; a forced change is detected."""

import hashlib
import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal, keys
from core.models import JournalEntry, JournalLeaf, ResidentKey
from core.residents import prepare
from tests.conftest import ANY_CLOCK

pytestmark = pytest.mark.django_db
#: Copying the database is slow: only for tests where another connection must see committed rows.
committed = pytest.mark.django_db(transaction=True)
TABLES = ["core_journalentry", "core_journalleaf"]
CHANGES = ["UPDATE {} SET resident_id = gen_random_uuid()", "DELETE FROM {}", "TRUNCATE {} CASCADE"]


def write(resident, event="read", **more):
    with transaction.atomic():
        return journal.write(resident_id=resident, actor_id=resident, event=event, purpose="Voir mes valeurs", **more)


@pytest.fixture
def person():
    person = uuid4()
    prepare(person)
    return person


@pytest.fixture
def five(person):
    for index in range(5):
        write(person, event=f"event_{index + 1}")
    return person


@pytest.fixture
def someone_else():
    other = uuid4()
    prepare(other)
    write(other)
    write(other)
    return other


def test_entries_are_read_complete_and_newest_first(person):
    actor = uuid4()
    with transaction.atomic():
        journal.write(
            resident_id=person,
            actor_id=actor,
            event="record_added",
            purpose="Ajouter à la main",
            fields=["fiscal.avis_ir#/nombre_parts"],
            details={"origin": "declared"},
        )
    write(person)
    last, first = journal.entries(resident_id=person, limit=10)
    assert (first.number, first.event, first.actor_id, first.purpose) == (
        1,
        "record_added",
        actor,
        "Ajouter à la main",
    )
    assert (first.fields, first.details) == (["fiscal.avis_ir#/nombre_parts"], {"origin": "declared"})
    assert (last.number, last.event) == (2, "read")
    assert abs(datetime.now(UTC) - last.at) < timedelta(minutes=1)


def test_an_entry_costs_two_statements(person, django_assert_num_queries):
    with django_assert_num_queries(2), scope(resident=person):
        entry = journal.write(resident_id=person, actor_id=person, event="read", purpose="Voir mes valeurs")
    with scope(resident=person):
        stored = JournalEntry.objects.select_related("leaf").get()
    assert (stored.pk, stored.leaf_id, stored.created_at) == (entry.pk, entry.leaf.pk, entry.leaf.at)
    assert bytes(stored.content) == entry.content and stored.leaf.xid is not None
    assert bytes(stored.leaf.chain) == entry.leaf.chain


def test_pages_go_back_in_time(five):
    assert [line.number for line in journal.entries(resident_id=five, limit=2)] == [5, 4]
    assert [line.number for line in journal.entries(resident_id=five, limit=2, before=4)] == [3, 2]
    assert journal.entries(resident_id=five, limit=2, before=1) == []


def test_a_resident_reads_only_their_own_entries(five, someone_else):
    assert len(journal.entries(resident_id=someone_else, limit=10)) == 2
    assert journal.entries(resident_id=uuid4(), limit=10) == []


@committed
def test_writing_outside_a_transaction_raises(person):
    with pytest.raises(RuntimeError):
        journal.write(resident_id=person, actor_id=person, event="read", purpose="x")
    assert journal.verify() == (0, [])


def test_the_entry_is_rolled_back_with_a_failed_act(person):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        journal.write(resident_id=person, actor_id=person, event="read", purpose="x")
        raise ZeroDivisionError
    assert journal.verify(resident_id=person) == (0, [])
    write(person)
    assert [line.number for line in journal.entries(resident_id=person, limit=10)] == [1]


def test_no_plaintext_of_an_entry_is_in_the_database(person):
    write(person, event="event_canary", fields=["sante.c2s#/canary"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text || l::text FROM core_journalentry e, core_journalleaf l")
        (row,) = cursor.fetchone()
    assert "canary" not in row
    assert b"canary".hex() not in row
    assert str(person) in row


@committed
def test_concurrent_entries_get_distinct_numbers(person):
    def many(_):
        try:
            for _again in range(5):
                write(person)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(many, range(6)))
    assert [line.number for line in journal.entries(resident_id=person, limit=100)] == list(range(30, 0, -1))
    assert journal.verify(resident_id=person) == (30, [])


def test_a_clock_set_back_does_not_reorder_entries(person):
    with time_machine.travel(datetime(2026, 3, 29, 2, 30, tzinfo=UTC), tick=False):
        write(person, event="first")
    with time_machine.travel(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), tick=False):
        write(person, event="second")
    assert [line.event for line in journal.entries(resident_id=person, limit=2)] == ["second", "first"]
    assert journal.verify(resident_id=person) == (2, [])


def test_the_hashes_do_not_depend_on_the_time_zone(five, settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"
    write(five)
    with timezone.override("America/Noronha"):
        write(five)
        assert journal.verify(resident_id=five) == (7, [])


def test_the_chain_is_as_documented(five):
    chain = bytes(32)
    with scope(resident=five):
        for leaf in JournalLeaf.objects.order_by("number"):
            chain = hashlib.sha256(b"\x01" + chain + bytes(leaf.leaf)).digest()
            assert chain == bytes(leaf.chain)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_running_role_cannot_change_the_journal(five, table, change):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))
    assert journal.verify() == (5, [])


@committed
def test_triggers_stop_the_owner_and_the_administrator(five, databases):
    for role, table, change in product(["owner", "admin"], TABLES, CHANGES):
        with psycopg.connect(databases.url(role)) as other, pytest.raises(psycopg.Error, match="append-only"):
            other.execute(change.format(table))
    assert journal.verify() == (5, [])


def erase(resident):
    with scope(resident=resident), transaction.atomic(), connection.cursor() as cursor:
        ResidentKey.objects.all().delete()
        cursor.execute("SELECT core_erase_journal(%s)", [resident])
        return cursor.fetchone()[0]


def test_entries_are_erasable_without_their_key_and_leaves_still_verify(five, someone_else):
    assert erase(five) == 5
    with scope(resident=five):
        assert not JournalEntry.objects.exists()
        assert JournalLeaf.objects.count() == 5
    assert journal.verify() == (7, [])
    assert journal.entries(resident_id=five, limit=10) == []
    assert len(journal.entries(resident_id=someone_else, limit=10)) == 2


def test_readable_entries_cannot_be_erased(five):
    with pytest.raises(DatabaseError, match="erase the key"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT core_erase_journal(%s)", [five])
    assert len(journal.entries(resident_id=five, limit=10)) == 5


def test_after_erasure_no_entry_can_be_written(five):
    erase(five)
    with pytest.raises(keys.KeyMissing):
        write(five)


def test_the_command_prints_how_many_entries_it_checked(five, someone_else, capsys):
    call_command("verify_journal")
    assert capsys.readouterr().out == "7 entries checked.\n0 checkpoints checked, 0 without a copy outside yet.\n"
    call_command("verify_journal", "--resident", str(someone_else))
    assert capsys.readouterr().out == "2 entries checked.\n"


def test_the_command_refuses_an_invalid_id():
    with pytest.raises(CommandError):
        call_command("verify_journal", "--resident", "awa")


@committed
def test_a_clock_days_ahead_writes_nothing_and_one_set_back_keeps_the_order(person, databases):
    number = "0016_leaf_follows"
    limit = importlib.import_module(f"core.migrations.{number}").NOT_AFTER
    now = timezone.now()
    databases.admin.execute(limit)
    try:
        with time_machine.travel(now + timedelta(days=2), tick=False), pytest.raises(IntegrityError, match="follow"):
            write(person)
        with time_machine.travel(now + timedelta(hours=23), tick=False):
            write(person)
        with time_machine.travel(now, tick=False):
            write(person)
    finally:
        databases.admin.execute(ANY_CLOCK)
    first, second = reversed(journal.entries(resident_id=person, limit=5))
    assert first.at == second.at == now + timedelta(hours=23)
    assert journal.verify(resident_id=person) == (2, [])
