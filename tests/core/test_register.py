"""The register of the city's public acts is a chain that nobody rewrites, under the signed checkpoints."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from core.journal import checkpoints, register, signed_notes
from core.models import Checkpoint, RegisterEntry
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def seal() -> Checkpoint:
    made = checkpoints.seal()
    assert made is not None
    return made


def act(event="granted", **content):
    return register.write(kind="label", subject_id=uuid4(), event=event, content=content)


def test_an_entry_follows_the_one_before():
    first, second = act(name="Une sortie"), act("suspended", reason="Faille")
    assert (first.number, second.number) == (1, 2)
    assert bytes(first.chain) == register.chain_of(first, register.START)
    assert bytes(second.chain) == register.chain_of(second, bytes(first.chain))
    assert register.head() == (2, bytes(second.chain))
    assert list(register.problems({}, None)) == []


@pytest.mark.parametrize(
    "change",
    ["UPDATE core_registerentry SET event = 'x'", "DELETE FROM core_registerentry", "TRUNCATE core_registerentry"],
)
def test_the_database_refuses_to_change_or_remove_an_entry(change):
    act()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_checkpoint_signs_the_last_entry_and_a_new_entry_makes_a_new_checkpoint():
    act()
    second = act()
    statement = signed_notes.read(seal().note)
    assert statement.register == (2, bytes(second.chain))
    assert checkpoints.seal() is None
    third = act()
    assert signed_notes.read(seal().note).register == (3, bytes(third.chain))
    assert list(checkpoints.problems()) == []


def test_without_an_entry_a_note_has_no_line_about_it():
    made = seal()
    assert signed_notes.read(made.note).register is None
    assert signed_notes.REGISTER not in made.note


def test_a_line_that_was_added_to_a_note_is_refused():
    act()
    note = seal().note
    line = next(line for line in note.split("\n") if line.startswith("register "))
    for forged in (note.replace(line, line.replace(" 1 ", " 2 ")), note.replace(f"{line}\n", "", 1)):
        with pytest.raises(signed_notes.Forged):
            signed_notes.read(forged)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE core_registerentry SET event = 'x' WHERE number = 2", "entry 2 is not what it was"),
        ("DELETE FROM core_registerentry WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM core_registerentry WHERE number = 3", "the entries from 3 to 3 are gone"),
        ("UPDATE core_registerentry SET chain = decode('00', 'hex') WHERE number = 3", "not what a checkpoint signed"),
    ],
)
def test_an_administrators_change_is_found(tamper, change, says):
    for _number in range(3):
        act()
    seal()
    with tamper() as admin:
        admin.execute(change)
    found = list(checkpoints.problems())
    assert any(says in problem for problem in found), found


def test_an_entry_that_no_checkpoint_signed_in_time_is_found():
    act()
    now = timezone.now()
    assert list(register.problems({}, now - timedelta(hours=1))) == []
    assert list(register.problems({}, now + timedelta(hours=1))) == ["register: entry 1 is under no checkpoint"]


def test_two_writers_get_two_numbers():
    def write(_number):
        try:
            return act().number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(8))) == list(range(1, 9))
    assert RegisterEntry.objects.count() == 8
    assert list(register.problems({}, None)) == []


def test_entries_from_before_stamps_are_believed_up_to_the_number_that_was_signed(monkeypatch, tamper):
    for _number in range(3):
        act()
    with tamper() as admin:
        admin.execute("UPDATE core_registerentry SET stamp = ''")
    assert register.head() is None
    monkeypatch.setattr(register, "_bound", [lambda: 2])
    assert (register.head() or (0,))[0] == 2
    assert list(register.problems({}, None)) == ["register: entry 3 was not written by the portal"]
