"""What the journal's lines say goes after three years, under a checkpoint as old, and nothing else goes: the leaves stay and verify."""

from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.journal import checkpoints
from core.models import JournalEntry, JournalLeaf
from tests.core.test_checkpoints import outside, person, seal, someone, write  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def ago(age):
    return time_machine.travel(timezone.now() - age, tick=False)


def written(person, count, age, *, under_checkpoint=True):  # noqa: F811 - the fixture's value
    """Lines of that time, under a checkpoint of that time."""
    with ago(age):
        lines = [write(person) for _ in range(count)]
        if under_checkpoint:
            seal()
    return lines


@pytest.fixture
def old(person):  # noqa: F811 - the fixture
    """Three lines that have lasted their time, two that have not."""
    written(person, 3, journal.KEPT + 2 * DAY)
    written(person, 2, journal.KEPT - DAY)
    return person


def left(person):  # noqa: F811 - the fixture's value
    return [line.number for line in journal.entries(resident_id=person, limit=50)]


def bad(person):  # noqa: F811 - the fixture's value
    return journal.verify(resident_id=person).first_bad


@pytest.fixture
def purged(old, as_owner):
    with as_owner():
        assert journal.purge(keep=[]) == 3
    return old


def test_what_has_lasted_its_time_goes_and_the_chain_still_verifies(purged, as_owner):
    assert left(purged) == [5, 4]
    with scope(resident=purged):
        assert JournalLeaf.objects.count() == 5
    assert journal.verify() == (5, None)
    assert list(checkpoints.problems()) == []
    assert [line.purged for line in journal.follow(purged)] == [True, True, True, False, False]
    write(purged)
    assert journal.verify(resident_id=purged) == (6, None)
    with as_owner():
        assert journal.purge(keep=[]) == 0


def test_a_line_that_is_kept_for_a_reason_stays(old, as_owner):
    with scope(resident=old):
        second = JournalEntry.objects.get(leaf__number=2)
    with as_owner():
        journal.purge(keep=[second.pk])
    assert left(old) == [5, 4, 2]
    assert bad(old) is None
    with as_owner():
        journal.purge(keep=[])
    assert left(old) == [5, 4]


def test_an_old_line_that_no_old_checkpoint_sealed_stays(person, as_owner):  # noqa: F811 - the fixture
    """Nothing would prove afterwards that it had lasted its time."""
    written(person, 2, journal.KEPT + 9 * DAY, under_checkpoint=False)
    seal()
    with as_owner():
        assert journal.purge(keep=[]) == 0
    assert left(person) == [2, 1]


def test_the_running_role_purges_nothing(old):
    assert journal.purge(keep=[]) is None
    for attempt in ("SELECT core_purge_journal('{}')", "SET garant.purging = 'on'; DELETE FROM core_journalentry"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attempt)
    assert left(old) == [5, 4, 3, 2, 1]


def test_not_even_the_owner_removes_a_younger_line(old, databases):
    """Saying that it is a purge opens the trigger to lines of more than three years, and to no others; leaves never go."""
    with psycopg.connect(databases.url("owner")) as owner:
        owner.execute("SET garant.purging = 'on'")
        for statement in (
            "DELETE FROM core_journalentry",
            "UPDATE core_journalentry SET leaf_id = 1",
            "DELETE FROM core_journalleaf",
        ):
            with pytest.raises(psycopg.Error, match="append-only"), owner.transaction():
                owner.execute(statement)
    assert left(old) == [5, 4, 3, 2, 1]


NUMBER_4 = "(SELECT id FROM core_journalleaf WHERE number = 4)"
REMOVED = {
    "a younger line": f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}",
    "a younger line, with an older date put on it": f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}; "
    "UPDATE core_journalleaf SET at = at - interval '9 years' WHERE number = 4",
    "a younger line, with an older date put on its checkpoint": f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}; "
    "UPDATE core_checkpoint SET at = at - interval '9 years', anchored_at = NULL",
    "a younger line, under an old checkpoint that never sealed it": f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}; "
    "UPDATE core_journalseal SET checkpoint_id = 1, position = 1 WHERE number = 5",
    "a younger line, with the old checkpoint's own line moved up to it": f"DELETE FROM core_journalentry WHERE leaf_id = {NUMBER_4}; "
    "UPDATE core_journalseal SET number = 4 WHERE checkpoint_id = 1",
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_line_that_somebody_removed_is_named_beside_those_that_had_lasted(purged, tamper, case):
    with tamper() as admin:
        for statement in REMOVED[case].split("; "):
            admin.execute(statement)
    problem = bad(purged)
    assert problem is not None
    assert "was removed before its time" in problem
    assert f"resident {purged}, entry {1 if 'checkpoint' in case else 4}" in problem


def test_without_the_signed_checkpoint_nothing_proves_that_they_had_lasted(purged, outside):  # noqa: F811 - the fixture
    oldest = sorted(outside.rglob("*.txt"))[0]
    oldest.unlink()
    assert "entry 1: its content was removed before its time" in (bad(purged) or "")


def test_another_resident_s_old_checkpoint_excuses_nothing(purged, tamper):
    other = someone(2)
    with tamper() as admin:
        admin.execute("DELETE FROM core_journalentry WHERE resident_id = %s", [other])
    assert "entry 1: its content was removed before its time" in (bad(other) or "")


def test_it_says_until_when_lines_are_gone_and_when_the_next_one_goes(old, as_owner):
    assert journal.lasting(resident_id=old).gone_until is None
    with as_owner():
        journal.purge(keep=[])
    gone, following = journal.lasting(resident_id=old)
    with scope(resident=old):
        times = dict(JournalLeaf.objects.values_list("number", "at"))
    assert gone == times[3]
    assert following == times[4] + journal.KEPT + DAY
    with time_machine.travel(following + timedelta(minutes=1)):
        assert journal.lasting(resident_id=old).next_at is None


def test_the_commands_say_how_many_went_so(old, as_owner, capsys):
    call_command("purge")
    assert "MIGRATION_DATABASE_URL" in capsys.readouterr().out
    assert left(old) == [5, 4, 3, 2, 1]
    with as_owner():
        call_command("purge")
    assert left(old) == [5, 4]
    capsys.readouterr()
    call_command("verify_journal")
    assert "5 entries checked.\n3 of them by their hash alone" in capsys.readouterr().out
