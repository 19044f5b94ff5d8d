"""An attacker with the role `owner` changes the journal's tables: each change is found, or lies within a minute."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.models import Model
from django.utils import timezone

from config import environment
from core.journal import checkpoints, erasures
from core.journal.erasures import Erasure
from core.residents import prepare
from tests.core.test_checkpoints import outside, write  # noqa: F401 - a fixture, for each of these tests
from tests.core.test_journal import erase

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("core_checkpoint", "core_journalseal", "core_journalleaf", "core_journalentry", 'keystore"."resident_key')
MODELS: tuple[type[Model], ...] = tuple(
    model for table in TABLES for model in apps.get_models() if model._meta.db_table == table
)
#: Columns that decide nothing that anybody believes, each with what happens after a change.
DECIDES_NOTHING = {
    "core_checkpoint.upto": "a hint of where new entries begin; every checkpoint compares all heads",
    "core_checkpoint.anchored_at": "whether a copy was written outside, not when, counts; a lost one is written again",
    "core_journalseal.id": "a row's number, which nothing refers to",
    "core_journalleaf.xid": "a hint of what is new; every checkpoint compares all heads",
    "core_journalentry.created_at": "the leaf's time is the one under the hash, and the one that the purge reads",
    "resident_key.created_at": "no check reads it",
}
#: Of an erased entry only the hashes count: nobody reads its time, and its content has no row that could refer to it.
ERASED_DECIDES_NOTHING = {"core_journalleaf.id", "core_journalleaf.at"}


@pytest.fixture
def people() -> list[UUID]:
    """Make two residents and one whose vault was closed, under two checkpoints."""
    people = [uuid4(), uuid4(), uuid4()]
    for person in people:
        prepare(person)
    for _ in range(2):
        for person in people:
            write(person)
        checkpoints.seal()
    erasures.write(Erasure(people[2], timezone.now()))
    erase(people[2])
    return people


@pytest.fixture
def owner(people: list[UUID], databases: Any) -> Iterator[None]:
    """Connect Django as the owner of the tables, with triggers and constraints out of the way until the end."""
    settings = connections["default"].settings_dict
    before = dict(settings)
    connection.close()
    settings.update(environment.database(databases.url("owner")))
    with transaction.atomic():
        for model in MODELS:
            execute(f"ALTER TABLE {table_of(model)} DISABLE TRIGGER USER")
        execute(
            "DO $$ DECLARE one record; BEGIN FOR one IN SELECT conrelid::regclass AS held, conname FROM pg_constraint"
            f" WHERE contype IN ('f', 'u') AND conrelid = ANY (ARRAY[{', '.join(map(regclass, MODELS))}])"
            " LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.held, one.conname); END LOOP; END $$"
        )
        yield
        transaction.set_rollback(True)
    connection.close()
    settings.clear()
    settings.update(before)


def execute(statement: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def table_of(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


def regclass(model: type[Model]) -> str:
    return f"'{table_of(model)}'::regclass"


def short(model: type[Model], column: str) -> str:
    return f"{model._meta.db_table.rpartition('.')[2].strip(chr(34))}.{column}"


def columns(model: type[Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


def key_of(model: type[Model]) -> str:
    return str(model._meta.pk.column)


def rows(model: type[Model]) -> list[dict[str, Any]]:
    """Return the rows of a table as they are stored."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns(model))} FROM {table_of(model)} ORDER BY 1")
        return [dict(zip(columns(model), row, strict=True)) for row in cursor.fetchall()]


def problem() -> str:
    """Return what verify_journal reports, or an empty string."""
    try:
        call_command("verify_journal", stdout=StringIO())
    except CommandError as error:
        return str(error)
    return ""


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def unfound(attacks: Iterator[tuple[str, Callable[[], None]]]) -> set[str]:
    """Return the attacks that verify_journal does not report."""
    missed = set()
    for name, attack in attacks:
        with undone():
            attack()
            if not problem():
                missed.add(name)
    return missed


def changed(value: Any) -> Any:
    match value:
        case UUID():
            return uuid4()
        case datetime():
            return value + timedelta(hours=3)
        case bytes() | memoryview():
            return bytes([bytes(value)[0] ^ 1]) + bytes(value)[1:]
        case str():
            return f"{value}x"
        case int():
            return value + 1000
    raise TypeError(value)


def set_column(model: type[Model], row: dict[str, Any], column: str, value: Any) -> None:
    key = key_of(model)
    execute(f"UPDATE {table_of(model)} SET {column} = %s WHERE {key} = %s", [value, row[key]])


def is_erased(model: type[Model], row: dict[str, Any], people: list[UUID]) -> bool:
    return model._meta.db_table == "core_journalleaf" and row["resident_id"] == people[2]


def test_each_changed_column_of_each_row_is_found(owner: None, people: list[UUID]) -> None:
    assert problem() == ""
    expected = set()

    def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
        for model in MODELS:
            for number, (row, column) in enumerate(product(rows(model), columns(model))):
                name = f"{short(model, column)} {number}"
                erased = is_erased(model, row, people) and short(model, column) in ERASED_DECIDES_NOTHING
                if erased or short(model, column) in DECIDES_NOTHING:
                    expected.add(name)
                yield name, partial(set_column, model, row, column, changed(row[column]))

    assert unfound(attacks()) == expected
    assert len(expected) > 20


def test_each_deleted_row_is_found(owner: None) -> None:
    def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
        for model in MODELS:
            key = key_of(model)
            for row in rows(model):
                statement = f"DELETE FROM {table_of(model)} WHERE {key} = %s"
                yield f"{model.__name__} {row[key]}", partial(execute, statement, [row[key]])

    assert unfound(attacks()) == set()


def insert(model: type[Model], row: dict[str, Any]) -> None:
    places = ", ".join(["%s"] * len(row))
    execute(f"INSERT INTO {table_of(model)} ({', '.join(row)}) VALUES ({places})", list(row.values()))


def test_each_inserted_row_is_found(owner: None, people: list[UUID]) -> None:
    """The attacker copies a row under another key, and continues the chains as the portal would."""

    def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
        for model in MODELS[:4]:
            key = key_of(model)
            for row in rows(model):
                name = f"{model.__name__} {row[key]}"
                yield name, partial(insert, model, {**row, key: changed(row[key])})
        for person in [people[0], uuid4()]:
            yield f"next leaf of {person}", partial(append, person)

    assert unfound(attacks()) == set()


def append(person: UUID) -> None:
    """Add a leaf whose hash follows from the resident's last one."""
    execute(
        "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
        " SELECT %s, coalesce(max(number), 0) + 1, now(), sha256('x'), sha256('\\x01'::bytea || coalesce("
        "(array_agg(chain ORDER BY number DESC))[1], decode(repeat('00', 32), 'hex')) || sha256('x'))"
        " FROM core_journalleaf WHERE resident_id = %s",
        [person, person],
    )


def test_an_entry_added_to_a_closed_journal_is_found_under_the_next_checkpoint(
    owner: None, people: list[UUID], time_machine: Any
) -> None:
    now = timezone.now()
    for hours in (3, 6):
        time_machine.move_to(now + timedelta(hours=hours), tick=False)
        checkpoints.seal()
    assert problem() == ""
    append(people[2])
    checkpoints.seal()
    assert str(people[2]) in problem()


def test_two_rows_exchanged_in_any_column_are_found(owner: None) -> None:
    def swap(model: type[Model], one: dict[str, Any], other: dict[str, Any], names: list[str]) -> None:
        for name in names:
            set_column(model, one, name, other[name])
            set_column(model, other, name, one[name])

    def attacks() -> Iterator[tuple[str, Callable[[], None]]]:
        for model in MODELS:
            free = [name for name in columns(model) if name != key_of(model)]
            counting = [name for name in free if short(model, name) not in DECIDES_NOTHING]
            found = rows(model)
            for one, other in zip(found, found[1:] + found[:1], strict=True):
                for names in [free, *([name] for name in counting if one[name] != other[name])]:
                    name = f"{model.__name__} {one} {other} {names}"
                    yield name, partial(swap, model, one, other, names)

    # Two whole rows that exchange all but their surrogate key are the same two rows.
    missed = {name for name in unfound(attacks()) if not name.startswith(("JournalSeal", "JournalLeaf"))}
    assert missed == set()


def test_a_resident_s_key_and_contents_removed_while_the_account_lives_are_found(
    owner: None, people: list[UUID]
) -> None:
    execute("DELETE FROM keystore.resident_key WHERE resident_id = %s", [people[0]])
    execute("DELETE FROM core_journalentry WHERE resident_id = %s", [people[0]])
    assert f"{people[0]}" in problem()


LYING = {
    "xid := 1": "BEFORE INSERT ON core_journalleaf FOR EACH ROW",
    "xid := 9000000000000": "BEFORE INSERT ON core_journalleaf FOR EACH ROW",
}
HIDING = "BEFORE INSERT ON core_journalseal FOR EACH ROW"


def set_trap(body: str, event: str) -> None:
    execute(f"CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    execute(f"CREATE TRIGGER trap {event} EXECUTE FUNCTION trap()")


def remove_last(person: UUID) -> None:
    """Delete the resident's last entry and its leaf, and what sealed it."""
    last = "(SELECT max(number) FROM core_journalleaf WHERE resident_id = %s)"
    execute(
        "DELETE FROM core_journalentry USING core_journalleaf l WHERE leaf_id = l.id AND l.resident_id = %s"
        f" AND l.number = {last}",
        [person, person],
    )
    execute(f"DELETE FROM core_journalleaf WHERE resident_id = %s AND number = {last}", [person, person])


@pytest.mark.parametrize("lie", LYING)
def test_an_entry_with_a_false_transaction_is_sealed_and_its_deletion_found(
    owner: None, people: list[UUID], lie: str
) -> None:
    set_trap(f"NEW.{lie}; RETURN NEW;", LYING[lie])
    write(people[0])
    checkpoints.seal()
    remove_last(people[0])
    assert f"{people[0]}, entry 3" in problem()


def test_a_false_beginning_of_the_new_entries_hides_none(owner: None, people: list[UUID]) -> None:
    execute("UPDATE core_checkpoint SET upto = 9000000000000")
    set_trap("NEW.upto := 9000000000000; RETURN NEW;", "BEFORE INSERT ON core_checkpoint FOR EACH ROW")
    for _ in range(2):
        write(people[0])
        checkpoints.seal()
    remove_last(people[0])
    assert f"{people[0]}, entry 4" in problem()


@pytest.mark.parametrize("lie", ["RETURN NULL;", "NEW.number := NEW.number + 1; RETURN NEW;"])
def test_a_seal_that_is_kept_from_being_written_is_found(owner: None, people: list[UUID], lie: str) -> None:
    set_trap(f"IF NEW.resident_id = '{people[0]}' THEN {lie} END IF; RETURN NEW;", HIDING)
    write(people[0])
    checkpoints.seal()
    remove_last(people[0])
    assert problem()


def test_an_entry_removed_within_the_minute_is_the_stated_limit(owner: None, people: list[UUID]) -> None:
    """Documented in docs/privacy.md. From the next checkpoint on, the same deletion is found."""
    write(people[0])
    remove_last(people[0])
    assert problem() == ""
    write(people[0])
    checkpoints.seal()
    remove_last(people[0])
    assert problem()
