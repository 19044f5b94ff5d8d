"""Several residents are read in one transaction, each under their own grant, with an entry of their own journal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from accounts.models import User
from core import journal
from core.database import locks
from core.journal import checkpoints
from core.models import City
from core.rows import Forged
from services.watch.agreements import AGREEMENT
from tests.services.aids import people
from tests.services.watch import made
from vault.records import gate
from vault.records.actions import grants
from vault.records.gate import decrypting, together
from vault.records.models import Grant, GrantReading, Record

pytestmark = [pytest.mark.django_db(transaction=True)]

TYPED = "revenu.mensuel"


@pytest.fixture
def both(resident: User, stranger: User, villebrume: City) -> list[User]:
    for user in (resident, stranger):
        people.full_vault(user)
        made.turned_on(user)
    return [resident, stranger]


def grant_of(user: User) -> Grant:
    watch = made.watch_of(user)
    assert watch is not None and watch.grant is not None
    return watch.grant


def read(users: list[User]) -> dict[str, gate.Read]:
    """Read them together, with the sealed note of each. Return what was read, by the resident's address."""
    asked = []
    for user in users:
        watch = made.watch_of(user)
        assert watch is not None and watch.grant is not None
        asked.append((watch.grant, {watch.note_place: (watch, b"")}))
    found = gate.read_together(asked)
    return {user.email: found[grant_of(user).pk] for user in users if grant_of(user).pk in found}


def elsewhere(act: Callable[..., Any], *arguments: object) -> Any:
    def done() -> object:
        try:
            return act(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def counts(user: User) -> list[journal.Line]:
    lines = journal.entries(resident_id=user.pk, limit=50)
    return [line for line in lines if line.event == "granted_count"]


def test_each_gets_what_a_reading_alone_returns_and_an_entry_of_their_own(both: list[User]) -> None:
    found = read(both)
    for user in both:
        alone, _notes = gate.read_with_notes(grant=grant_of(user), notes={})
        values, notes = found[user.email]
        assert list(values) == list(alone) and len(alone) > 5 and notes == {}
        assert {one.person for one in values} & {one.pk for one in both} <= {user.pk}
        later, first = counts(user)
        assert (first.actor_id, first.fields, first.details) == (later.actor_id, later.fields, later.details)
        assert journal.verify(resident_id=user.pk).bad == []
        with scope(resident=user.pk):
            assert [one.line for one in GrantReading.objects.all()] == [later.number, first.number]
            assert Grant.objects.get(pk=grant_of(user).pk).last_used_at is not None


def test_each_is_read_by_the_lines_that_they_gave(both: list[User]) -> None:
    one, other = both
    made.turned_on(other, [])
    found = read(both)
    assert found[one.email][0].of_type("handicap.decision") != []
    assert found[other.email][0].of_type("handicap.decision") == []
    assert not [name for name in counts(other)[0].fields if name.startswith("handicap.")]


@pytest.mark.parametrize("ends", [grants.stop, grants.pause])
def test_one_who_stopped_or_paused_meanwhile_is_not_read(both: list[User], ends: Callable[..., object]) -> None:
    one, other = both
    asked: list[tuple[Grant, gate.Notes]] = [(grant_of(user), {}) for user in both]
    ends(grant=grant_of(other), by=other.pk)
    assert set(gate.read_together(asked)) == {asked[0][0].pk}
    assert counts(other) == [] and len(counts(one)) == 1


def test_nothing_waits_for_a_journal_or_a_grant_that_somebody_holds(both: list[User]) -> None:
    one, other = both
    with transaction.atomic():
        locks.hold("journal", other.pk)
        assert elsewhere(read, both).keys() == {one.email}
    with transaction.atomic():
        gate.lock_exclusively([grant_of(one)])
        assert elsewhere(read, both).keys() == {other.email}


def test_a_stop_waits_until_all_are_read(both: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    free, real = list[bool](), decrypting.decrypt_loaded

    def watched(*arguments: Any, **named: Any) -> Any:
        free.extend(elsewhere(try_exclusively, grant_of(user)) for user in both)
        return real(*arguments, **named)

    monkeypatch.setattr(together, "decrypt_loaded", watched)
    assert len(read(both)) == 2
    assert free == [False] * 4


def try_exclusively(grant: Grant) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [grant.lock_key])
        return bool(cursor.fetchone()[0])


def test_the_entries_are_written_before_anything_is_decrypted(
    both: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    did = list[str]()

    def noting(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: object) -> object:
            did.append(name)
            return act(*arguments)

        return noted

    monkeypatch.setattr(journal, "write_together", noting("entries", journal.write_together))
    monkeypatch.setattr(decrypting, "_content", noting("decrypt", decrypting._content))
    assert len(read(both)) == 2
    assert did[0] == "entries" and did.count("entries") == 1 and "decrypt" in did


def test_nothing_is_read_if_an_entry_cannot_be_written(both: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(decrypting, "_content", lambda *named: opened.append(named))
    monkeypatch.setattr(journal, "ROW", journal.ROW.replace("(%s, %s, %s,", "(%s, %s, least(%s, 1),"))
    with pytest.raises(Exception, match="does not follow"):
        read(both)
    assert opened == [] and counts(both[0]) == counts(both[1]) == []


def test_a_record_that_somebody_changed_leaves_all_to_be_read_alone(both: list[User]) -> None:
    one, other = both
    with scope(resident=other.pk):
        record = Record.objects.filter(type=TYPED).first()
    assert record is not None
    change("UPDATE records_record SET holder = 'DGFiP' WHERE id = %s", record.pk)
    assert read(both) == {}
    assert counts(one) == counts(other) == [], "nothing was read: no entry says so"
    with pytest.raises(Forged):
        gate.read_with_notes(grant=grant_of(other), notes={})


def test_a_grant_or_a_note_that_somebody_changed_leaves_the_others_in_peace(both: list[User]) -> None:
    one, other = both
    change("UPDATE watch_watch SET version = version + 1 WHERE resident_id = %s", other.pk)
    assert read(both).keys() == {one.email} and counts(other) == []
    change("UPDATE records_grant SET ends_at = ends_at - interval '1 day' WHERE id = %s", grant_of(one).pk)
    assert read([one]) == {}


def test_a_field_that_the_resident_did_not_give_is_refused(both: list[User]) -> None:
    one, other = both
    made.turned_on(other, [])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_grantfield (id, resident_id, created_at, grant_id, field, required, mac)"
            " SELECT gen_random_uuid(), resident_id, created_at, grant_id, 'handicap.decision#/taux_incapacite',"
            " required, mac FROM records_grantfield WHERE grant_id = %s LIMIT 1",
            [grant_of(other).pk],
        )
    assert read(both).keys() == {one.email}


def change(sql: str, id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [id])
        assert cursor.rowcount == 1


def test_without_a_recent_checkpoint_nobody_is_read(both: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "anchored", lambda: False)
    assert read(both) == {}


def test_the_lines_of_the_agreement_are_those_read(both: list[User]) -> None:
    read(both)
    assert set(counts(both[0])[0].fields) == {name for item in AGREEMENT.items for name in item.fields}


def test_a_grant_for_one_reading_is_read_alone() -> None:
    version = bytes([len(Grant.decides.lists)])
    assert together._is_followed(Grant(once=True, mac=version)) and not together._is_followed(Grant(mac=version))


def test_one_more_resident_is_read_with_as_many_statements(both: list[User]) -> None:
    with CaptureQueriesContext(connection) as alone:
        read(both[:1])
    with CaptureQueriesContext(connection) as together:
        read(both)
    looked_up = sum('FROM "watch_watch"' in one["sql"] for one in alone)
    assert len(together) - len(alone) == looked_up, "those by which the test itself looks for another watch"


def test_two_grants_of_one_resident_are_not_read_together(resident: User, villebrume: City) -> None:
    people.full_vault(resident)
    made.turned_on(resident)
    with pytest.raises(ValueError, match="two grants"):
        gate.read_together([(grant_of(resident), {}), (grant_of(resident), {})])
