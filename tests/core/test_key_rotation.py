"""Key rotation: every row is rewrapped, in small interruptible steps, while residents keep reading."""

import json
from uuid import uuid4

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django_scopes import scope, scopes_disabled

from certification.access.models import ServerKeys
from config import environment
from core import journal, keys, rows
from core.keyrings import KeyringError, files
from core.keys import protect, sealed
from core.models import CityKey, ResidentKey
from core.operations import key_rotation
from core.residents import prepare
from tests.accounts.factories import TOTP_SECRET, AgentFactory

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = "vault_record|1|1|content"


@pytest.fixture
def ring(settings, tmp_path, transactional_db, may_sign):
    """A keyring of the test's own; it protects the city's key too. The OAuth server's, of another test, go."""
    key = rows.city_key()
    settings.KEYRING, settings.MAKE_KEYRING = tmp_path / "keys" / "keyring.json", False
    files.make_file(settings.KEYRING)
    ServerKeys.objects.all().delete()
    CityKey.objects.update(protected=protect.protect(f"{key.hex()} {rows.SIGNED}", purpose=rows.PURPOSE))
    return settings.KEYRING


@pytest.fixture
def as_owner(databases):
    connection.close()
    web = dict(connection.settings_dict)
    connection.settings_dict.update(environment.database(databases.url("owner")))
    yield
    connection.close()
    connection.settings_dict.update(web)


@pytest.fixture
def people(ring):
    found = [uuid4() for _ in range(5)]
    for person in found:
        prepare(person)
    return found


def kids():
    with scopes_disabled():
        return set(ResidentKey.objects.values_list("kid", flat=True))


def rotate():
    call_command("keys", "rotate", verbosity=0)
    return keys.keyring().current


def test_every_row_is_rewrapped_and_still_decrypts(people, as_owner):
    sealed_before = {person: sealed.seal(b"secret", resident_id=person, place=PLACE) for person in people}
    new = rotate()
    done = key_rotation.rewrap()
    assert (done.residents, done.unreadable) == (5, 0)
    assert kids() == {new}
    for person, value in sealed_before.items():
        assert sealed.unseal(value, resident_id=person, place=PLACE) == b"secret"
        (line,) = journal.entries(resident_id=person, limit=5)
        assert (line.event, line.means, line.ground, line.fields) == ("key_rewrapped", "scheduler", "task", [])
    assert journal.verify().bad == []


def test_rewrapping_again_changes_nothing_and_writes_no_entry(people, as_owner):
    rotate()
    key_rotation.rewrap()
    assert key_rotation.rewrap().residents == 0
    assert len(journal.entries(resident_id=people[0], limit=5)) == 1


def test_an_interrupted_run_continues_where_it_stopped(people, as_owner):
    new = rotate()

    def cut(done):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rewrap(cut)
    assert len(kids()) == 2
    assert all(keys.key_of(resident_id=person) for person in people)
    assert key_rotation.rewrap().residents == 3
    assert kids() == {new}
    assert [len(journal.entries(resident_id=person, limit=5)) for person in people] == [1] * 5


def test_a_key_erased_meanwhile_is_not_restored(people, as_owner, monkeypatch, databases):
    rotate()
    victim = sorted(people)[0]
    write = journal.write

    def erased_first(**fields):
        if fields["resident_id"] == victim:
            with psycopg.connect(databases.url("owner"), autocommit=True) as other:
                other.execute("DELETE FROM keystore.resident_key WHERE resident_id = %s", [victim])
        return write(**fields)

    monkeypatch.setattr(journal, "write", erased_first)
    assert key_rotation.rewrap().residents == 4
    with pytest.raises(keys.KeyMissing):
        keys.key_of(resident_id=victim)
    with scopes_disabled():
        assert not ResidentKey.objects.filter(pk=victim).exists()
    with scope(resident=victim):
        from core.models import JournalLeaf

        assert not JournalLeaf.objects.exists()


def test_the_city_s_key_and_agents_second_factors_are_rewrapped(ring, as_owner):
    agent = AgentFactory()
    old = keys.keyring().current
    assert key_rotation.counts()[old][1] == 2
    new = rotate()
    assert key_rotation.rewrap().secrets == 2
    assert key_rotation.counts() == {new: (0, 2)}
    files.forget_key(ring, old)
    stored = Authenticator.objects.get(user=agent, type="totp")
    from accounts.sign_in.adapters import SecondFactorAdapter

    assert SecondFactorAdapter().decrypt(stored.data["secret"]) == TOTP_SECRET


def test_the_running_role_may_not_rewrap(people):
    rotate()
    with pytest.raises(CommandError, match="set MIGRATION_DATABASE_URL"):
        call_command("keys", "rewrap")
    assert all(keys.key_of(resident_id=person) for person in people)


def test_only_rewrap_needs_the_owner_of_the_tables(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://web@/garant")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@/garant")
    for words, role in {
        ("keys", "rewrap"): "owner",
        ("keys", "status"): "web",
        ("keys",): "web",
        ("shell", "rewrap"): "web",
    }.items():
        monkeypatch.setattr("sys.argv", ["manage.py", *words])
        assert environment.database(environment.database_url())["USER"] == role


def test_a_row_under_a_lost_key_is_counted_and_others_are_rewrapped(people, ring, as_owner, capsys):
    lost = sorted(people)[2]
    with scope(resident=lost):
        ResidentKey.objects.update(kid="lost")
    rotate()
    with pytest.raises(CommandError, match="“lost”"):
        call_command("keys", "rewrap")
    assert "4 residents' keys" in capsys.readouterr().out
    call_command("keys", "status")
    assert (
        "lost: 1 residents' keys, 0 other secrets (NOT in the keyring: nobody opens these)" in capsys.readouterr().out
    )


def test_status_prints_the_rows_of_each_key_but_no_key(people, ring, capsys):
    call_command("keys", "status")
    output = capsys.readouterr().out
    content = json.loads(ring.read_text())
    assert f"{content['current']}: 5 residents' keys, 1 other secrets (current)" in output
    assert not any(key in output for key in content["keys"].values())


def test_a_key_in_use_cannot_be_forgotten(people, ring, as_owner):
    old = keys.keyring().current
    rotate()
    with pytest.raises(CommandError, match="5 residents' keys"):
        call_command("keys", "forget", old)
    call_command("keys", "rewrap", verbosity=0)
    call_command("keys", "forget", old)
    with pytest.raises(KeyringError):
        keys.keyring().of(old)
    assert all(keys.key_of(resident_id=person) for person in people)


def test_a_key_is_added_on_every_machine_before_it_wraps(people, ring, capsys):
    before = keys.keyring().current
    call_command("keys", "add")
    added = capsys.readouterr().out.split("“")[1].split("”")[0]
    assert keys.keyring().current == before
    call_command("keys", "rotate", "--to", added)
    assert keys.keyring().current == added
    with pytest.raises(CommandError, match="no key “nothing”"):
        call_command("keys", "rotate", "--to", "nothing")


def test_old_ciphertexts_are_removed_from_the_tables_file(people, as_owner, databases):
    with scope(resident=people[0]):
        old = bytes(ResidentKey.objects.get().wrapped)
    rotate()
    key_rotation.rewrap()
    with transaction.atomic(), databases.server.admin(connection.settings_dict["NAME"]) as admin:
        (path,) = admin.execute("SELECT pg_relation_filepath('keystore.resident_key')").fetchone()
        admin.execute("CHECKPOINT")
        (content,) = admin.execute("SELECT pg_read_binary_file(%s)", [path]).fetchone()
    assert old not in bytes(content)


def test_old_ciphertexts_are_reported_while_a_backup_still_sees_them(people, as_owner, databases, monkeypatch):
    with psycopg.connect(databases.url("owner")) as backup, monkeypatch.context() as hurried:
        hurried.setattr(key_rotation, "PAUSE", 0)
        backup.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        backup.execute("SELECT 1 FROM core_city").fetchone()
        rotate()
        assert not key_rotation.rewrap().cleaned
    # With the pauses, and again: the database's own ANALYZE may hold a snapshot for a moment.
    assert any(key_rotation.forget_old_bytes() for _try in range(5))
