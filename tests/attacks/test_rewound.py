"""Whoever owns the database rewinds a whole resident, or exchanges the rows and files of two: what notices it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from core import tampered
from core.journal import checkpoints
from core.keys import KeyringError
from tests.accounts.factories import signed_in
from tests.attacks.test_written_rows import INCOME, reads
from tests.services.dossiers.test_by_link import ready
from tests.vault import scale
from tests.vault.couples import granted
from tests.vault.made import add_signed_notice
from vault.records.actions import grants
from vault.records.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)
#: Of a resident, in the order in which they may be inserted again.
TABLES = (
    "keystore.resident_key",
    "core_rowhead",
    "core_journalleaf",
    "core_journalentry",
    "records_paper",
    "records_paperfile",
    "records_record",
    "records_grant",
    "records_grantfield",
    "records_grantevent",
    "records_grantreading",
)


@contextmanager
def as_owner(databases: Any) -> Iterator[psycopg.Connection[Any]]:
    """Connect as the owner of the tables, with their triggers switched off."""
    guarded = [table for table in TABLES if table.startswith(("core_journal", "records_"))]
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        for table in guarded:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield owner
        finally:
            for table in guarded:
                owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def copied(owner: Any, resident: User) -> dict[str, bytes]:
    found = {}
    for table in TABLES:
        out = io.BytesIO()
        query = f"COPY (SELECT * FROM {table} WHERE resident_id = '{resident.pk}') TO STDOUT"
        with owner.cursor().copy(query) as rows:
            for piece in rows:
                out.write(piece)
        found[table] = out.getvalue()
    return found


def rewind(owner: Any, resident: User, copy: dict[str, bytes]) -> None:
    """Make all of a resident what it was: key, head, journal, values, papers and grants.

    The owner of the tables alone puts a deleted key back, by disabling its trigger.
    """
    owner.execute("ALTER TABLE keystore.resident_key DISABLE TRIGGER key_once")
    for table in reversed(TABLES):
        owner.execute(f"DELETE FROM {table} WHERE resident_id = %s", [resident.pk])
    for table in TABLES:
        with owner.cursor().copy(f"COPY {table} FROM STDIN") as rows:
            rows.write(copy[table])
    owner.execute("ALTER TABLE keystore.resident_key ENABLE TRIGGER key_once")


def verified() -> str:
    try:
        call_command("verify_journal")
    except CommandError as problems:
        return str(problems)
    return ""


@pytest.fixture
def giver(resident: User) -> User:
    add_signed_notice(resident)
    return resident


def test_a_whole_resident_rewound_is_found_by_the_checkpoints(
    giver: User, databases: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inside the database it is consistent, so nothing notices it at a reading: 0025 says so."""
    grant = granted(giver, INCOME)
    with as_owner(databases) as owner:
        before = copied(owner, giver)
        grants.stop(grant=grant, by=giver.pk)
        checkpoints.seal()
        assert verified() == ""
        rewind(owner, giver, before)
    assert reads(grant), "it is as it was"
    assert f"esident {giver.pk}, entry" in verified()
    checkpoints.seal()
    assert f"esident {giver.pk}, entry" in verified(), "the next checkpoint forgets nothing"
    page = signed_in(giver).get(reverse("journal:check_journal")).content.decode()
    assert "ne correspond" in page or "a été" in page


def test_a_resident_rewound_between_two_checkpoints_is_not_found(giver: User, databases: Any) -> None:
    """A minute at most: what no checkpoint sealed yet is nowhere outside."""
    checkpoints.seal()
    with as_owner(databases) as owner:
        before = copied(owner, giver)
        grant = granted(giver, INCOME)
        rewind(owner, giver, before)
    assert not reads(grant)
    assert verified() == ""


def exchange(owner: Any, table: str, one: User, other: User) -> None:
    """Give each of two residents the other's rows."""
    owner.execute(
        f"UPDATE {table} SET resident_id = CASE resident_id WHEN %(one)s THEN %(other)s ELSE %(one)s END"
        " WHERE resident_id IN (%(one)s, %(other)s)",
        {"one": one.pk, "other": other.pk},
    )


@pytest.mark.parametrize("table", ["records_record", "core_rowhead", "records_grant", "keystore.resident_key"])
def test_rows_exchanged_between_two_residents_open_nothing(
    giver: User, stranger: User, databases: Any, table: str
) -> None:
    add_signed_notice(stranger)
    given = [granted(one, INCOME) for one in (giver, stranger)]
    with as_owner(databases) as owner:
        if table in {"keystore.resident_key", "core_rowhead"}:
            # The primary key is exchanged by way of a third id.
            for old, new in ((giver.pk, "0" * 32), (stranger.pk, giver.pk), ("0" * 32, stranger.pk)):
                owner.execute(f"UPDATE {table} SET resident_id = %s WHERE resident_id = %s", [new, old])
        else:
            exchange(owner, table, giver, stranger)
    for one in (giver, stranger):
        if table != "records_grant":  # which this page does not use
            assert signed_in(one).get(reverse("records:home")).status_code == 503
    assert not any(reads_anything(grant) for grant in given)
    assert verified()


def reads_anything(grant: Grant) -> bool:
    try:
        return reads(grant)
    except (*tampered.SIGNS, KeyringError):
        return False


def test_files_exchanged_between_two_residents_or_two_rows_open_nothing(giver: User, stranger: User) -> None:
    """On the storage: each file is sealed under its resident's key, for its own name."""
    for one in (giver, stranger):
        scale.fill(one, records=0, papers=1)
    mine, theirs, second = ready(giver), ready(stranger), ready(giver)
    folder = Path(settings.STORAGES["sealed"]["OPTIONS"]["location"])
    for left, right in ((mine, theirs), (mine, second)):
        paths = [folder / row.stored_name for row in (left, right)]
        contents = [path.read_bytes() for path in paths]
        for path, content in zip(paths, reversed(contents), strict=True):
            path.write_bytes(content)
        for row, owner in ((left, giver), (right, theirs_or(right, giver, stranger))):
            answer = signed_in(owner).get(reverse("dossiers:download", args=[row.pk]))
            assert answer.status_code == 503
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)


def theirs_or(row: Any, giver: User, stranger: User) -> User:
    return stranger if row.resident_id == stranger.pk else giver
