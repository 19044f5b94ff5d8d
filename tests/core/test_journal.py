"""The journal: a line is written with its act, read by its resident, changed by nobody, and every change that got through is named."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal, keys
from core.models import JournalEntry, JournalLeaf, ResidentKey
from core.residents import prepare

pytestmark = pytest.mark.django_db
#: Copying the database costs: only where something must really be committed, for another connection to see.
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


def test_a_line_comes_back_whole_and_newest_first(person):
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


def test_pages_go_back_in_time(five):
    assert [line.number for line in journal.entries(resident_id=five, limit=2)] == [5, 4]
    assert [line.number for line in journal.entries(resident_id=five, limit=2, before=4)] == [3, 2]
    assert journal.entries(resident_id=five, limit=2, before=1) == []


def test_one_resident_s_lines_are_not_another_s(five, someone_else):
    assert len(journal.entries(resident_id=someone_else, limit=10)) == 2
    assert journal.entries(resident_id=uuid4(), limit=10) == []


@committed
def test_outside_a_transaction_nothing_is_written(person):
    with pytest.raises(RuntimeError):
        journal.write(resident_id=person, actor_id=person, event="read", purpose="x")
    assert journal.verify() == (0, None)


def test_the_line_goes_with_the_act_that_failed(person):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        journal.write(resident_id=person, actor_id=person, event="read", purpose="x")
        raise ZeroDivisionError
    assert journal.verify(resident_id=person) == (0, None)
    write(person)
    assert [line.number for line in journal.entries(resident_id=person, limit=10)] == [1]


def test_nothing_of_a_line_is_in_clear_in_the_database(person):
    write(person, event="event_canary", fields=["sante.c2s#/canary"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text || l::text FROM core_journalentry e, core_journalleaf l")
        (row,) = cursor.fetchone()
    assert "canary" not in row
    assert b"canary".hex() not in row
    assert str(person) in row


@committed
def test_lines_written_at_once_have_each_their_number(person):
    def many(_):
        try:
            for _again in range(5):
                write(person)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(many, range(6)))
    assert [line.number for line in journal.entries(resident_id=person, limit=100)] == list(range(30, 0, -1))
    assert journal.verify(resident_id=person) == (30, None)


def test_a_clock_that_goes_back_does_not_reorder_lines(person):
    with time_machine.travel(datetime(2026, 3, 29, 2, 30, tzinfo=UTC), tick=False):
        write(person, event="first")
    with time_machine.travel(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), tick=False):
        write(person, event="second")
    assert [line.event for line in journal.entries(resident_id=person, limit=2)] == ["second", "first"]
    assert journal.verify(resident_id=person) == (2, None)


def test_the_hashes_do_not_depend_on_the_time_zone(five, settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"
    write(five)
    with timezone.override("America/Noronha"):
        write(five)
        assert journal.verify(resident_id=five) == (7, None)


def test_the_chain_is_as_documented(five):
    chain = bytes(32)
    with scope(resident=five):
        for leaf in JournalLeaf.objects.order_by("number"):
            chain = hashlib.sha256(b"\x01" + chain + bytes(leaf.leaf)).digest()
            assert chain == bytes(leaf.chain)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_running_role_may_change_nothing(five, table, change):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))
    assert journal.verify() == (5, None)


@committed
def test_not_even_the_owner_or_the_administrator_changes_anything_by_mistake(five, databases):
    for role, table, change in product(["owner", "admin"], TABLES, CHANGES):
        with psycopg.connect(databases.url(role)) as other, pytest.raises(psycopg.Error, match="append-only"):
            other.execute(change.format(table))
    assert journal.verify() == (5, None)


def erase(resident):
    with scope(resident=resident), transaction.atomic(), connection.cursor() as cursor:
        ResidentKey.objects.all().delete()
        cursor.execute("SELECT core_erase_journal(%s)", [resident])
        return cursor.fetchone()[0]


def test_entries_can_be_erased_once_their_key_is_gone_and_the_leaves_still_verify(five, someone_else):
    assert erase(five) == 5
    with scope(resident=five):
        assert not JournalEntry.objects.exists()
        assert JournalLeaf.objects.count() == 5
    assert journal.verify() == (7, None)
    assert journal.entries(resident_id=five, limit=10) == []
    assert len(journal.entries(resident_id=someone_else, limit=10)) == 2


def test_entries_that_their_resident_can_still_read_cannot_be_erased(five):
    with pytest.raises(DatabaseError, match="erase the key"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT core_erase_journal(%s)", [five])
    assert len(journal.entries(resident_id=five, limit=10)) == 5


def test_after_erasure_nothing_more_is_written_about_them(five):
    erase(five)
    with pytest.raises(keys.KeyMissing):
        write(five)


def test_the_command_prints_how_many_entries_it_checked(five, someone_else, capsys):
    call_command("verify_journal")
    assert capsys.readouterr().out == "7 entries checked.\n0 checkpoints checked, 0 without a copy outside yet.\n"
    call_command("verify_journal", "--resident", str(someone_else))
    assert capsys.readouterr().out == "2 entries checked.\n"


def test_the_command_refuses_what_is_not_an_id():
    with pytest.raises(CommandError):
        call_command("verify_journal", "--resident", "awa")
