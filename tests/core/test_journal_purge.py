"""Entries are purged after three years under an old checkpoint, and only those; their leaves stay and verify."""

import shutil
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.journal import checkpoints, heads
from core.journal.checkpoints import seal
from core.journal.lots import Ended
from core.models import JournalEntry, JournalLeaf
from core.rows import Forged
from tests.core.test_checkpoints import outside, person, someone, write  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def ago(age):
    return time_machine.travel(timezone.now() - age, tick=False)


def write_at(person, count, age, *, under_checkpoint=True):  # noqa: F811 - the fixture's value
    """Write entries at that time, under a checkpoint of that time."""
    with ago(age):
        entries = [write(person) for _ in range(count)]
        if under_checkpoint:
            seal()
    return entries


@pytest.fixture
def old(person):  # noqa: F811 - the fixture
    """Write three entries to purge and two to keep."""
    write_at(person, 3, journal.KEPT + 2 * DAY)
    write_at(person, 2, journal.KEPT - DAY)
    return person


def remaining_numbers(person):  # noqa: F811 - the fixture's value
    return [line.number for line in journal.entries(resident_id=person, limit=50)]


def first_bad(person):  # noqa: F811 - the fixture's value
    return next(iter(journal.verify(resident_id=person).bad), None)


@pytest.fixture
def purged(old, as_owner):
    with as_owner():
        assert journal.purge(keep=[]) == 3
    return old


def test_old_entries_are_purged_and_the_chain_still_verifies(purged, as_owner):
    assert remaining_numbers(purged) == [5, 4]
    with scope(resident=purged):
        assert JournalLeaf.objects.count() == 5
    assert journal.verify() == (5, [])
    assert list(checkpoints.problems()) == []
    assert [line.purged for line in journal.follow(purged)] == [True, True, True, False, False]
    write(purged)
    assert journal.verify(resident_id=purged) == (6, [])
    with as_owner():
        assert journal.purge(keep=[]) == 0


def test_an_entry_to_keep_is_not_purged(old, as_owner):
    with scope(resident=old):
        second = JournalEntry.objects.get(leaf__number=2)
    with as_owner():
        journal.purge(keep=[second.pk])
    assert remaining_numbers(old) == [5, 4, 2]
    assert first_bad(old) is None
    with as_owner():
        journal.purge(keep=[])
    assert remaining_numbers(old) == [5, 4]


def test_an_old_entry_without_an_old_checkpoint_is_not_purged(person, as_owner):  # noqa: F811 - the fixture
    """Without a checkpoint of its time, nothing would prove that the purged entry was old enough."""
    write_at(person, 2, journal.KEPT + 9 * DAY, under_checkpoint=False)
    seal()
    with as_owner():
        assert journal.purge(keep=[]) == 0
    assert remaining_numbers(person) == [2, 1]


def test_the_running_role_cannot_purge(old):
    assert journal.purge(keep=[]) is None
    for attempt in ("SELECT core_purge_journal('{}')", "SET garant.purging = 'on'; DELETE FROM core_journalentry"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attempt)
    assert remaining_numbers(old) == [5, 4, 3, 2, 1]


def test_the_owner_cannot_remove_a_recent_entry(old, databases):
    """Declaring a purge opens the trigger only to entries older than three years, and never to leaves."""
    with psycopg.connect(databases.url("owner")) as owner:
        owner.execute("SET garant.purging = 'on'")
        for statement in (
            "DELETE FROM core_journalentry",
            "UPDATE core_journalentry SET leaf_id = 1",
            "DELETE FROM core_journalleaf",
        ):
            with pytest.raises(psycopg.Error, match="append-only"), owner.transaction():
                owner.execute(statement)
    assert remaining_numbers(old) == [5, 4, 3, 2, 1]


NUMBER_4 = "(SELECT id FROM core_journalleaf WHERE number = 4)"
REMOVE_4 = f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}"
REMOVED = {
    "a recent entry": REMOVE_4,
    "a recent entry, with an older date put on it": REMOVE_4
    + "; UPDATE core_journalleaf SET at = at - interval '9 years' WHERE number = 4",
    "a recent entry, with an older date put on its checkpoint": REMOVE_4
    + "; UPDATE core_checkpoint SET at = at - interval '9 years', anchored_at = NULL",
    "a recent entry, under an old checkpoint that never sealed it": REMOVE_4
    + "; UPDATE core_journalseal SET checkpoint_id = 1, position = 1 WHERE number = 5",
    "a recent entry, with the old checkpoint's own line moved up to it": REMOVE_4
    + "; UPDATE core_journalseal SET number = 4 WHERE checkpoint_id = 1",
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_removed_entry_is_reported_among_purged_ones(purged, tamper, case):
    with tamper() as admin:
        for statement in REMOVED[case].split("; "):
            admin.execute(statement)
    problem = first_bad(purged)
    assert problem is not None
    assert "was removed before its time" in problem
    assert f"resident {purged}, entry {1 if 'checkpoint' in case else 4}" in problem


def test_without_the_signed_checkpoint_purged_entries_are_reported(purged, outside):  # noqa: F811 - the fixture
    oldest = sorted(outside.rglob("*.txt"))[0]
    oldest.unlink()
    assert "entry 1: its content was removed before its time" in (first_bad(purged) or "")


def test_another_residents_old_checkpoint_is_no_proof(purged, tamper):
    other = someone(2)
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalentry WHERE resident_id = %s", [other])
    assert "entry 1: its content was removed before its time" in (first_bad(other) or "")


def test_lasting_gives_the_last_purge_and_the_next_one(old, as_owner):
    assert journal.lasting(resident_id=old).gone_until is None
    with as_owner():
        journal.purge(keep=[])
    gone, following = journal.lasting(resident_id=old)
    with scope(resident=old):
        times = dict(JournalLeaf.objects.values_list("number", "at"))
    assert gone is not None and abs(gone - times[3]) < timedelta(minutes=1)
    assert following == times[4] + journal.KEPT + DAY
    with time_machine.travel(following + timedelta(minutes=1)):
        assert journal.lasting(resident_id=old).next_at is None


def test_a_false_time_of_a_purged_entry_is_shown_to_nobody(old, as_owner):
    """Nothing covers this time any more, so nothing reads it."""
    with as_owner():
        journal.purge(keep=[])
    before = journal.lasting(resident_id=old)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_journalleaf DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_journalleaf SET at = now() WHERE resident_id = %s AND number < 4", [old])
        cursor.execute("ALTER TABLE core_journalleaf ENABLE TRIGGER USER")
    assert journal.lasting(resident_id=old) == before


def test_the_commands_print_the_number_of_purged_entries(old, as_owner, capsys):
    call_command("purge")
    assert "MIGRATION_DATABASE_URL" in capsys.readouterr().out
    assert remaining_numbers(old) == [5, 4, 3, 2, 1]
    with as_owner():
        call_command("purge")
    assert remaining_numbers(old) == [5, 4]
    capsys.readouterr()
    call_command("verify_journal")
    assert "5 entries checked.\n3 of them by their hash alone" in capsys.readouterr().out


def head_is_believed(person):  # noqa: F811 - the fixture's value
    with transaction.atomic():
        try:
            return heads.lock(person).tags is not None
        except Forged:
            return False


@pytest.fixture
def ended(person, as_owner):  # noqa: F811 - the fixture
    """A journal whose last entry was purged, with a head."""
    with ago(journal.KEPT + 2 * DAY):
        with transaction.atomic():
            heads.lock(person).write({}, Ended(), 1)
        write(person)
        seal()
    with as_owner():
        assert journal.purge(keep=[]) == 1
    return person


def test_the_head_of_a_purged_journal_is_believed_by_the_signature_alone(ended, outside):  # noqa: F811 - the fixture
    shutil.rmtree(outside)
    assert head_is_believed(ended)
    write(ended)
    assert head_is_believed(ended)
    assert [line.number for line in journal.entries(resident_id=ended, limit=5)] == [2]


FALSE_ENDS = {
    "a leaf of then after the last one": "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
    " SELECT resident_id, 2, at, leaf, chain FROM core_journalleaf",
    "a checkpoint of then over a leaf of today": "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
    " SELECT resident_id, 2, at, leaf, chain FROM core_journalleaf; UPDATE core_journalseal SET number = 2;"
    " UPDATE core_journalleaf SET chain = sha256('x') WHERE number = 2",
    "another time in the note": "UPDATE core_checkpoint SET note = replace(note, '20', '19')",
    "no seal": "DELETE FROM core_journalseal",
}


@pytest.mark.parametrize("case", FALSE_ENDS)
def test_an_end_without_content_is_believed_under_no_other_proof(ended, tamper, case):
    with tamper() as admin:
        admin.execute(FALSE_ENDS[case])
    assert not head_is_believed(ended)


def test_an_end_of_today_without_content_is_not_believed(person, tamper):  # noqa: F811 - the fixture
    with transaction.atomic():
        heads.lock(person).write({}, Ended(), 1)
    write(person)
    seal()
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalentry; UPDATE core_journalleaf SET at = '2020-01-01'")
    assert not head_is_believed(person)
