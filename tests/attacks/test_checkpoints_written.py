"""Whoever writes as the portal's role makes no checkpoint, hides no missing one, and stops none."""

import hashlib
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.journal import checkpoints
from core.operations import doctor, metrics
from tests.attacks.test_rows_put_back import sql
from tests.core.test_checkpoints import make_checkpoint, outside, someone  # noqa: F401 - a fixture among them

pytestmark = pytest.mark.django_db(transaction=True)
ROW = "INSERT INTO core_checkpoint (number, at, note, upto, anchored_at) VALUES (%s, %s, %s, 0, now())"


def insert(number: int, at: object, note: str = "x") -> bool:
    """Insert a checkpoint's row. Return whether the database took it."""
    try:
        with transaction.atomic():
            sql(ROW, number, at, note)
    except DatabaseError:
        return False
    return True


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=30 * 365)], ids=["now", "to come"])
def test_a_row_that_nobody_signed_is_no_copy_outside(time_machine, ahead):
    someone(2)
    make_checkpoint()
    time_machine.move_to(timezone.now() + timedelta(hours=5), tick=False)
    assert not checkpoints.anchored()
    insert(2, timezone.now() + ahead)
    assert not checkpoints.anchored()


def test_a_signed_note_counts_by_its_own_time(time_machine):
    """The row's time and copy say nothing: the note of yesterday under today's time is yesterday's."""
    someone(2)
    note = make_checkpoint().note
    time_machine.move_to(timezone.now() + timedelta(hours=5), tick=False)
    insert(2, timezone.now(), note)
    assert not checkpoints.anchored()


def test_rows_that_nobody_signed_do_not_hide_the_last_copy(time_machine):
    someone(2)
    make_checkpoint()
    for number in range(2, 30):
        insert(number, timezone.now())
    assert checkpoints.anchored()
    assert checkpoints.seal() is not None, "the one before is not ours"


@pytest.mark.parametrize("number", [0, 3, 1_000_000, 9223372036854775807])
def test_the_next_checkpoint_alone_is_taken(number):
    someone(2)
    make_checkpoint()
    assert not insert(number, timezone.now())


def test_a_portal_is_not_made_younger_by_an_entry_before_the_first(time_machine):
    """A young portal reads without a copy outside: its first entry says since when."""
    someone(2)
    time_machine.move_to(timezone.now() + timedelta(hours=5), tick=False)
    assert not checkpoints.anchored()
    leaf, other = b"x" * 32, uuid4()
    chain = hashlib.sha256(b"\x01" + bytes(32) + leaf).digest()
    with suppress(DatabaseError), transaction.atomic():
        sql(
            "INSERT INTO core_journalleaf (id, resident_id, number, at, leaf, chain) VALUES (-1, %s, 1, %s, %s, %s)",
            *(other, timezone.now(), leaf, chain),
        )
        sql("INSERT INTO core_journalentry (id, resident_id, leaf_id, content) VALUES (%s, %s, -1, 'x')", other, other)
    assert not checkpoints.anchored()


def test_a_row_to_come_is_not_the_last_checkpoint(time_machine):
    someone(2)
    make_checkpoint()
    insert(2, timezone.now() + timedelta(days=30 * 365))
    time_machine.move_to(timezone.now() + timedelta(hours=2), tick=False)
    said = {one.about: one for one in doctor._checkpoints()}
    assert said["last checkpoint"].to_do and "-" not in said["last checkpoint"].said
    ages = dict(metrics._checkpoints())
    assert ages["garant_checkpoint_age_seconds"] >= 7200


def test_no_checkpoint_is_made_beside_seals_that_wait(databases):
    """They would change its root once they are committed, for all whom it sealed."""
    someone(2)
    with psycopg.connect(databases.url("web")) as web:
        web.execute(
            "INSERT INTO core_journalseal (checkpoint_id, resident_id, number, chain, position)"
            " VALUES (1, %s, 1, %s, 7)",
            [uuid4(), b"x" * 32],
        )
        assert checkpoints.seal() is None
        web.rollback()
    made = make_checkpoint()
    assert made.number == 1 and not list(checkpoints.problems())
    with pytest.raises(DatabaseError, match="seals nothing more"), transaction.atomic():
        sql(
            "INSERT INTO core_journalseal (checkpoint_id, resident_id, number, chain, position)"
            " VALUES (1, %s, 1, %s, 7)",
            *(uuid4(), b"x" * 32),
        )
