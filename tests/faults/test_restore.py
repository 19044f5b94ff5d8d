"""Restores of backups: an older backup, without its keys, with wrong keys, after an erasure, by a wrong clock."""

import base64
import errno
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import closing
from config import environment
from core import journal, keys, rows
from core.files.storage import sealed_storage
from core.journal import checkpoints, erasures, signed_notes
from core.journal.checkpoints import seal
from core.keyrings import files
from core.keyrings.ring import KeyringError
from core.keys import protect, sealed
from core.models import Checkpoint, JournalEntry, ResidentKey
from core.operations import backups, conditions
from core.operations.conditions import NotPossible
from core.residents import prepare
from ops.cluster import ROOT
from tests.accounts.factories import signed_in
from tests.faults.test_not_anchored import HOME, RENT
from tests.vault.couples import granted
from tests.vault.made import add
from vault.holders.models import Connection
from vault.records import gate
from vault.records.actions import grants, restoring
from vault.records.models import Grant, PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.core.upload_site"), pytest.mark.slow]
PAPER = b"canary of a paper " * 10_000
LOCAL = "django.core.files.storage.FileSystemStorage"


def place(settings, root: Path) -> None:
    """Set the folders of one machine: papers and the checkpoints' copies. The ledger of erasures is on another one."""
    for name in ("sealed", "checkpoints"):
        keep(settings, name, root / name)


def keep(settings, name: str, folder: Path) -> None:
    settings.STORAGES = {**settings.STORAGES, name: {"BACKEND": LOCAL, "OPTIONS": {"location": str(folder)}}}


@pytest.fixture(autouse=True)
def city(settings, tmp_path):
    settings.KEYRING, settings.MAKE_KEYRING = tmp_path / "safe" / "keyring.json", False
    settings.CHECKPOINT_KEY, settings.MAKE_CHECKPOINT_KEY = tmp_path / "safe" / "checkpoints.pem", True
    files.make_file(settings.KEYRING)
    place(settings, tmp_path / "machine")
    keep(settings, "erasures", tmp_path / "outside")
    return tmp_path


def write(person, event="read"):
    with transaction.atomic():
        return journal.write(resident_id=person, actor_id=person, event=event, purpose="Essayer")


@pytest.fixture
def awa(city, resident):
    """Return a resident with a paper, entries and a checkpoint outside, beside an erasure in the ledger."""
    erasures.write(erasures.Erasure(uuid4(), timezone.now()))
    added = signed_in(resident).post("/essai/", {"paper": SimpleUploadedFile("avis.pdf", PAPER, "application/pdf")})
    assert added.status_code == 200
    write(resident.pk)
    assert seal()
    return resident


@contextmanager
def connected(url):
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict.update(environment.database(url))
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture
def spare(databases):
    """Make an empty database, as an operator does."""
    name = f"test_{os.getpid()}_restored"
    databases.server.drop(name)
    databases.server.create(name)
    yield {role: databases.url(role, name) for role in ("owner", "web", "admin")}
    databases.server.drop(name)


@pytest.fixture
def taken(databases, awa, tmp_path):
    with connected(databases.url("owner")):
        backups.backup(tmp_path / "backup")
    return tmp_path / "backup"


def restored(spare, folder, **said):
    with connected(spare["owner"]):
        return backups.restore(folder, **said)


def untouched(spare):
    """Return whether the database that waits for a restore is empty as before."""
    with connected(spare["owner"]):
        backups._require_empty()
    return True


def test_everything_is_restored_on_another_machine(taken, spare, awa, settings, tmp_path):
    place(settings, tmp_path / "other")
    done = restored(spare, taken)
    assert (done.files, done.faults) == (1, [])
    assert done.lines == done.manifest.lines + 1 > 3, "the end of Awa's session is a line of her account's chain"
    with connected(spare["web"]):
        with scope(resident=awa.pk):
            (name,) = PaperFile.objects.values_list("stored_name", flat=True)
        with sealed_storage.open(name, resident_id=awa.pk) as opened:
            assert opened.read() == PAPER
        assert journal.verify().bad == []
        assert list(checkpoints.problems()) == []
        write(awa.pk)
        assert journal.verify().bad == []
        assert (made := seal()) and made.number == 2


RIGHTS = """
    SELECT relname, relkind, acl.privilege_type, acl.grantee::regrole::text FROM pg_class, aclexplode(relacl) acl
    WHERE relnamespace IN ('public'::regnamespace, 'keystore'::regnamespace, 'campaigns'::regnamespace)
        AND acl.grantee IN ('web'::regrole, 'release'::regrole)
    UNION ALL SELECT attrelid::regclass || '.' || attname, 'c', acl.privilege_type, acl.grantee::regrole::text
    FROM pg_attribute, aclexplode(attacl) acl
    UNION ALL SELECT nspname, 'n', acl.privilege_type, acl.grantee::regrole::text
    FROM pg_namespace, aclexplode(nspacl) acl
    WHERE nspname IN ('public', 'keystore', 'campaigns') AND acl.grantee IN ('web'::regrole, 'release'::regrole)
    UNION ALL SELECT proname, 'f', acl.privilege_type, 'web' FROM pg_proc, aclexplode(proacl) acl
    WHERE acl.grantee = 'web'::regrole
    UNION ALL SELECT defaclobjtype::text, 'd', acl.privilege_type, 'web' FROM pg_default_acl, aclexplode(defaclacl) acl
    WHERE acl.grantee = 'web'::regrole
    ORDER BY 1, 2, 3, 4
"""


def test_the_running_role_gets_exactly_its_former_rights(databases, taken, spare):
    """The default rights of an empty database would let it delete journal entries."""
    restored(spare, taken)
    with psycopg.connect(databases.url("owner")) as before, psycopg.connect(spare["owner"]) as after:
        rights = after.execute(RIGHTS).fetchall()
        assert rights == before.execute(RIGHTS).fetchall()
    assert ("core_journalleaf", "r", "SELECT", "web") in rights
    assert ("core_journalleaf", "r", "DELETE", "web") not in rights
    assert ("contribution", "r", "SELECT", "release") in rights
    assert ("contribution", "r", "SELECT", "web") not in rights


def test_an_older_backup_reports_what_was_lost_since(taken, spare, awa, settings, tmp_path, monkeypatch):
    """The papers' disk is new, the checkpoints' one is not: entries sealed after the backup are reported as lost."""
    write(awa.pk)
    assert (made := seal()) and made.number == 2
    settings.STORAGES["sealed"]["OPTIONS"]["location"] = str(tmp_path / "other")
    done = restored(spare, taken)
    assert done.faults == []
    assert any("What checkpoints 2 to 2 sealed is lost. Checkpoint 3 says so" in said for said in done.reported)
    with connected(spare["web"]):
        assert signed_notes.read(Checkpoint.objects.get(number=3).note).restored_after == 1
        write(awa.pk)
        assert (made := seal()) and made.number == 4 and list(checkpoints.problems()) == []
        monkeypatch.setattr(checkpoints, "_first_lost", lambda checkpoint: None)
        assert "checkpoint 2 is missing" in list(checkpoints.problems())


def test_without_a_signed_epoch_a_database_put_back_is_found(taken, spare, awa, monkeypatch):
    """Whoever puts the whole database back, rows, heads and journals, cannot sign that it was a restore."""
    write(awa.pk)
    assert seal()
    monkeypatch.setattr(checkpoints, "open_epoch", lambda: None)
    assert restored(spare, taken).faults == ["checkpoint 2 lies outside and not in the database"]


def test_a_journal_rewritten_in_the_backup_is_reported(taken, spare, awa):
    """An attacker who can change a dump cannot change the copies outside."""
    with connected(spare["owner"]):
        backups.restore(taken)
        with psycopg.connect(spare["admin"], autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("DELETE FROM core_journalleaf WHERE number > 1")
            admin.execute("DELETE FROM core_journalentry WHERE leaf_id NOT IN (SELECT id FROM core_journalleaf)")
        _lines, faults = backups._check_restored(backups.read_manifest(taken))
    assert any("lines of the journals are missing" in fault for fault in faults)
    assert any("is gone" in fault for fault in faults)


def test_without_the_wrapped_keys_nothing_is_restored(taken, spare):
    (taken / "keystore" / "keys.dump").unlink()
    with pytest.raises(NotPossible, match="Without it no vault opens"):
        restored(spare, taken)
    with connected(spare["owner"]):
        backups._require_empty()


def test_without_the_citys_key_nothing_is_restored_until_it_is_back(taken, spare, settings, city):
    kid = keys.keyring().current
    old = settings.KEYRING
    settings.KEYRING = city / "safe" / "new.json"
    files.make_file(settings.KEYRING)
    with pytest.raises(NotPossible, match=f"no key “{kid}”.*needs “{kid}” \\(1 residents' keys\\)"):
        restored(spare, taken)

    content = json.loads(settings.KEYRING.read_text())
    content["keys"] |= json.loads(old.read_text())["keys"]
    settings.KEYRING.write_text(json.dumps(content))
    assert restored(spare, taken).faults == []


def test_a_missing_keyring_is_reported(taken, spare, settings, city):
    settings.KEYRING = city / "nowhere.json"
    with pytest.raises(NotPossible, match="put back the copy"):
        restored(spare, taken)


def test_another_key_of_the_same_name_is_reported(taken, spare, settings):
    content = json.loads(settings.KEYRING.read_text())
    content["keys"] = {kid: base64.b64encode(b"x" * 32).decode() for kid in content["keys"]}
    settings.KEYRING.write_text(json.dumps(content))
    assert any("is not the one that wrapped" in fault for fault in restored(spare, taken).faults)


def test_a_resident_erased_after_the_backup_stays_erased(databases, taken, spare, awa, monkeypatch):
    """Registered parts are replayed before the portal opens: here a ledger with one erasure."""
    ledger = [awa.pk]

    def replay(_folder):
        for resident_id in ledger:
            with scope(resident=resident_id):
                ResidentKey.objects.all().delete()
        return f"{len(ledger)} erasures replayed."

    monkeypatch.setattr(backups, "_parts", {"erasures": backups.Part(lambda: (), replay)})
    done = restored(spare, taken)
    assert done.reported == ["1 erasures replayed."]
    with connected(spare["web"]), pytest.raises(keys.KeyMissing):
        sealed.box(resident_id=awa.pk)


def test_without_the_ledger_outside_a_restore_stops_until_the_operator_says_so(
    databases, taken, spare, awa, settings, tmp_path
):
    """Awa leaves after the backup; then the machine and its disks are lost, and with them who had left."""
    closing.close(user=awa, by=awa.pk)
    place(settings, tmp_path / "other")
    keep(settings, "erasures", tmp_path / "other" / "erasures")
    with pytest.raises(NotPossible, match="whoever left after the backup would come back.*--without-ledger"):
        restored(spare, taken)
    assert untouched(spare)

    keep(settings, "erasures", tmp_path / "outside")
    done = restored(spare, taken)
    assert "1 vaults that were closed had come back and are erased again." in done.reported
    with connected(spare["web"]), pytest.raises(keys.KeyMissing):
        sealed.box(resident_id=awa.pk)


def test_without_any_ledger_the_restore_says_who_is_back(taken, spare, awa, settings, tmp_path):
    keep(settings, "erasures", tmp_path / "other" / "erasures")
    done = restored(spare, taken, without_ledger=True)
    assert any("whoever closed their vault after" in fault for fault in done.faults)


def test_another_portal_s_ledger_is_not_the_one(taken, spare, settings, tmp_path):
    keep(settings, "erasures", tmp_path / "other" / "erasures")
    erasures.ensure_identity()
    erasures.write(erasures.Erasure(uuid4(), timezone.now()))
    with pytest.raises(NotPossible, match="ERASURES_URL"):
        restored(spare, taken)


def test_a_move_needs_no_ledger_outside(taken, spare, settings, tmp_path):
    keep(settings, "erasures", tmp_path / "other" / "erasures")
    assert restored(spare, taken, nothing_lost=True).faults == []


@pytest.mark.parametrize(
    ("name", "variable"),
    [("sealed", "STORAGE_URL"), ("checkpoints", "CHECKPOINTS_URL"), ("erasures", "ERASURES_URL")],
)
def test_a_place_that_is_read_only_is_named_before_anything_is_restored(
    taken, spare, settings, monkeypatch, name, variable
):
    """A root user writes into any folder but on a disk that is mounted read-only, which no test can mount."""
    folder, access = Path(settings.STORAGES[name]["OPTIONS"]["location"]), os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and access(path, mode))
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.raises(NotPossible, match=f"^{variable}: .*cannot be written"):
        restored(spare, taken)
    assert untouched(spare)


def test_a_backup_is_made_while_the_ledger_is_read_only_and_stops_the_restore(
    databases, awa, spare, monkeypatch, tmp_path
):
    def read_only(*_given):
        raise OSError(errno.EROFS, "Read-only file system")

    folder = tmp_path / "backup"
    with connected(databases.url("owner")), monkeypatch.context() as patch:
        patch.setattr(erasures, "_put", read_only)
        assert backups.backup(folder).ledger == ""
    with pytest.raises(NotPossible, match="ERASURES_URL"):
        restored(spare, folder)


@pytest.mark.parametrize(
    ("days", "says"),
    [(-365, "which is later: set the clock first"), (365, "365 days before: set the clock first")],
)
def test_a_clock_that_is_a_year_off_stops_the_restore(taken, spare, monkeypatch, days, says):
    """Here the backup's time is moved, not the clock: the database's and the machine's are one."""
    manifest = taken / "content" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["at"] = (timezone.now() - timedelta(days=days)).isoformat()
    manifest.write_text(json.dumps(content))
    with pytest.raises(NotPossible, match=says):
        restored(spare, taken)
    assert untouched(spare)
    if days > 0:
        assert restored(spare, taken, old=True).faults == []


def test_a_clock_that_is_not_the_database_s_stops_the_restore(taken, spare, monkeypatch):
    now = timezone.now() + timedelta(days=365)
    monkeypatch.setattr(conditions, "timezone", SimpleNamespace(now=lambda: now))
    with pytest.raises(NotPossible, match="the database's .*: set the wrong one first"):
        restored(spare, taken)


def test_every_earlier_session_is_ended(taken, spare, awa):
    done = restored(spare, taken)
    assert "Every session is over: people sign in again." in done.reported
    with psycopg.connect(spare["owner"]) as owner:
        assert owner.execute("SELECT count(*) FROM accounts_session").fetchone() == (0,)


@pytest.mark.parametrize("nothing_lost", [False, True])
def test_all_shares_are_paused_until_their_residents_resume_them(databases, awa, spare, tmp_path, nothing_lost):
    add(awa, "logement.domicile", HOME)
    stopped, paused = granted(awa, RENT), granted(awa, RENT, paused_at=timezone.now())
    assert seal()
    with connected(databases.url("owner")):
        backups.backup(tmp_path / "backup")
    grants.stop(grant=stopped, by=awa.pk)
    with connected(spare["owner"]):
        done = backups.restore(tmp_path / "backup", nothing_lost=nothing_lost)
        assert restoring.pause_all(tmp_path).startswith("1 " if nothing_lost else "0 ")
    assert done.faults == []
    assert ("1 shares are paused until their residents take them up again." in done.reported) is not nothing_lost
    with connected(spare["web"]):
        for grant in (stopped, paused):
            with pytest.raises(gate.Refused):
                gate.read(grant=grant, fields=[RENT])
        events = [
            line for line in journal.entries(resident_id=awa.pk, limit=10) if line.event == "grant_paused_by_restore"
        ]
        assert [line.means for line in events] == ["scheduler"]
        with scope(resident=awa.pk):
            taken_up = Grant.objects.get(pk=stopped.pk)
        grants.resume(grant=taken_up, by=awa.pk)
        assert gate.read(grant=taken_up, fields=[RENT])


def test_connections_are_paused_too(databases, awa, spare, tmp_path):
    with scope(resident=awa.pk):
        Connection.objects.create(
            resident_id=awa.pk,
            connector="enedis",
            holder="enedis",
            state="active",
            datasets=[],
            expires_on="2099-01-01",
            unattended=True,
        )
    with connected(databases.url("owner")):
        backups.backup(tmp_path / "backup")
    restored(spare, tmp_path / "backup")
    with psycopg.connect(spare["owner"]) as owner:
        assert owner.execute("SELECT state FROM holders_connection").fetchall() == [("paused",)]


def test_a_missing_file_is_reported(taken, spare, settings, tmp_path):
    place(settings, tmp_path / "other")
    (lost,) = [path for path in (taken / "content" / "files").rglob("*") if path.is_file()]
    lost.unlink()
    (fault,) = restored(spare, taken).faults
    assert fault.startswith("1 files that rows name are not in the storage") and lost.name in fault


def test_a_database_that_is_not_empty_is_refused(databases, taken):
    with connected(databases.url("owner")), pytest.raises(NotPossible, match="not empty"):
        backups.restore(taken)


def test_an_incomplete_backup_is_refused(taken, spare):
    (taken / "content" / "manifest.json").unlink()
    with pytest.raises(NotPossible, match="no whole backup"):
        restored(spare, taken)


def test_another_city_s_backup_is_refused(taken, spare, settings):
    settings.TENANT = "another"
    with pytest.raises(NotPossible, match="TENANT"):
        restored(spare, taken)


def test_only_the_owner_of_the_tables_makes_a_backup(databases, awa, tmp_path):
    with connected(databases.url("web")), pytest.raises(NotPossible, match="set MIGRATION_DATABASE_URL"):
        backups.backup(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("words", [("backup", "new"), ("restore", "backup")])
def test_a_database_that_is_down_is_one_sentence(words, taken, tmp_path):
    away = {"MIGRATION_DATABASE_URL": "postgresql://owner@127.0.0.1:1/garant"}
    command = [sys.executable, "manage.py", words[0], str(tmp_path / words[1])]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | away, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert "The database does not answer: start it, or correct MIGRATION_DATABASE_URL." in said


def test_a_full_disk_is_said_in_one_sentence_and_the_backup_is_not_whole(databases, awa, tmp_path, monkeypatch):
    def full(_folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backups, "_save_files", full)
    with connected(databases.url("owner")), pytest.raises(NotPossible, match="not whole, delete .*No space left"):
        backups.backup(tmp_path / "backup")
    with pytest.raises(NotPossible, match="no whole backup"):
        backups.read_manifest(tmp_path / "backup")


def test_a_backup_needs_an_empty_folder(databases, taken):
    with connected(databases.url("owner")), pytest.raises(NotPossible, match="not empty"):
        backups.backup(taken)


def test_the_backup_has_no_key_and_no_plaintext_and_separate_wrapped_keys(taken, awa, settings):
    (city_key,) = json.loads(settings.KEYRING.read_text())["keys"].values()
    with scope(resident=awa.pk):
        wrapped = bytes(ResidentKey.objects.get().wrapped)
    key = keys.key_of(resident_id=awa.pk)
    found = {path: path.read_bytes() for path in taken.rglob("*") if path.is_file()}
    for path in list(found):
        if path.suffix == ".dump":
            found[path] = subprocess.run(
                [backups._program("pg_restore"), "-f", "-", path], capture_output=True, check=True
            ).stdout
    for content in found.values():
        for secret in (city_key.encode(), base64.b64decode(city_key), key, key.hex().encode(), b"canary of a paper"):
            assert secret not in content
    assert len(list((taken / "content" / "erasures").iterdir())) == 1
    assert wrapped.hex().encode() in found[taken / "keystore" / "keys.dump"]
    assert not any(
        wrapped.hex().encode() in content for path, content in found.items() if "keystore" not in path.parts
    )
    assert all(path.stat().st_mode & 0o077 == 0 for path in [taken, *taken.rglob("*")])


def test_both_dumps_come_from_one_snapshot(databases, awa, tmp_path, monkeypatch):
    """A resident who joins between the two dumps is in neither."""
    run, late = backups._run, uuid4()

    def insert_between(program, *words):
        run(program, *words)
        if "--exclude-schema=keystore" in words:
            with psycopg.connect(databases.url("owner"), autocommit=True) as other:
                other.execute("INSERT INTO keystore.resident_key VALUES (%s, 1, 'k', 'x', now())", [late])

    monkeypatch.setattr(backups, "_run", insert_between)
    with connected(databases.url("owner")):
        manifest = backups.backup(tmp_path / "backup")
    keystore = tmp_path / "backup" / "keystore" / "keys.dump"
    dumped = subprocess.run(
        [backups._program("pg_restore"), "-f", "-", keystore], capture_output=True, text=True, check=True
    ).stdout
    assert str(awa.pk) in dumped and str(late) not in dumped
    assert sum(manifest.kids.values()) == 1


def test_a_file_deleted_while_it_is_copied_is_left_out(databases, awa, tmp_path, monkeypatch):
    names = list(sealed_storage.names())
    monkeypatch.setattr(type(sealed_storage), "names", lambda _self: iter([*names, "00/00/" + "0" * 32]))
    with connected(databases.url("owner")):
        backups.backup(tmp_path / "backup")
    assert [path.name for path in (tmp_path / "backup" / "content" / "files").rglob("*") if path.is_file()] == [
        Path(names[0]).name
    ]


def test_the_commands_back_up_and_restore(databases, awa, spare, settings, tmp_path):
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "KEYRING": str(settings.KEYRING),
        "CHECKPOINT_KEY": str(settings.CHECKPOINT_KEY),
        "CHECKPOINTS_URL": (tmp_path / "machine" / "checkpoints").as_uri(),
        "ERASURES_URL": (tmp_path / "outside").as_uri(),
    }

    def manage(*words, **more):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, words)],
            cwd=ROOT,
            env=os.environ | variables | more,
            capture_output=True,
            text=True,
            check=False,
        )

    protected = protect.protect(f"{'11' * 32} {rows.WHOLE}", purpose=rows.PURPOSE)
    databases.admin.execute("UPDATE core_citykey SET protected = %s", [protected])
    owner = databases.url("owner")
    made = manage(
        "backup", tmp_path / "b", MIGRATION_DATABASE_URL=owner, STORAGE_URL=(tmp_path / "machine" / "sealed").as_uri()
    )
    assert made.returncode == 0, made.stderr
    assert "delete it after 30 days at most" in made.stdout
    there = {"MIGRATION_DATABASE_URL": spare["owner"], "STORAGE_URL": (tmp_path / "other").as_uri()}
    back = manage("restore", tmp_path / "b", **there)
    assert back.returncode == 0, back.stderr
    assert "1 files put back" in back.stdout and "Every session is over" in back.stdout
    again = manage("restore", tmp_path / "b", **there)
    assert again.returncode == 1 and "not empty" in again.stderr
    checked = manage("verify_journal", DATABASE_URL=spare["web"], **there)
    assert checked.returncode == 0, checked.stderr
    assert manage("migrate", "--check", **there).returncode == 0


def test_a_city_s_key_that_the_keyring_does_not_open_is_a_fault(databases, awa, spare, taken, monkeypatch):
    def closed():
        raise KeyringError("The keyring has no key “x”.")

    monkeypatch.setattr(rows, "put_back", closed)
    done = restored(spare, taken)
    assert "the rows that decide were not checked: The keyring has no key “x”." in done.faults


def test_all_residents_journals_are_restored(databases, awa, spare, taken):
    """All residents' journals are restored, not only one."""
    other = uuid4()
    prepare(other)
    write(other)
    with connected(databases.url("owner")):
        backups.backup(taken.with_name("second"))
    done = restored(spare, taken.with_name("second"))
    with connected(spare["web"]), scopes_disabled():
        assert JournalEntry.objects.filter(resident_id=other).count() == 1
    assert done.manifest.lines + 1 == done.lines, "as above"
