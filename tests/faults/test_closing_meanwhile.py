"""A vault closed during an upload or the making of a dossier: once acknowledged, none of its data can be decrypted."""

import logging
import secrets
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django_scopes import scope

from accounts.actions import closing
from core import journal, keys
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.jobs import Cancelled
from core.keys import sealed
from core.models import Job
from services.dossiers.actions import building, dossiers
from services.dossiers.tasks import build
from tests.accounts.test_closing import only_the_proof_of
from tests.attacks.searching import found_in_files, spellings
from tests.services.dossiers.made import add_paper, fill
from tests.vault.made import IDENTITY, add
from tests.vault.records.test_canary import kept_files, whole_database
from vault.records import actions, gate
from vault.records.actions import exports
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.tasks import make_export

pytestmark = [pytest.mark.django_db(transaction=True)]

#: Unique to this run, and only letters that all spellings keep.
CANARY = "n" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(13))


@pytest.fixture
def began() -> float:
    return time.time()


@pytest.fixture(autouse=True)
def ledger(settings: Any, tmp_path: Any) -> None:
    kept = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "erasures")},
    }
    settings.STORAGES = {**settings.STORAGES, "erasures": kept}


@pytest.fixture
def sealed_sources(resident: Any, folder: Any) -> Any:
    """Return a resident with a canary, and the content of their rows and files before the closing, as in a backup."""
    paper_kinds.load()
    holder_catalogue.load()
    fill(resident)
    add(resident, "identite.pivot", {**IDENTITY, "family_name": CANARY}, in_place=True)
    return resident


def close(resident: Any) -> None:
    closing.close(user=resident, by=resident.pk)


def assert_nothing_can_be_decrypted(resident: Any, folder: Any) -> None:
    """Assert that no row, file or key is left, nor a wrapped key in the database that the keyring could unwrap."""
    assert only_the_proof_of(resident)
    with pytest.raises(keys.KeyMissing):
        keys.key_of(resident_id=resident.pk)
    sealed_storage.sweep(older_than=timedelta(seconds=-5))
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert CANARY not in whole_database()


def test_an_upload_in_progress_leaves_nothing(sealed_sources: Any, folder: Any) -> None:
    resident = sealed_sources
    file = sealed_storage.create(resident_id=resident.pk)
    file.write(f"%PDF {CANARY}".encode())
    close(resident)
    file.write(b"the rest")
    file.close()
    with pytest.raises(keys.KeyMissing):
        upload = SealedUpload(name="avis.pdf", content_type="application/pdf", sealed=file)
        actions.receive_paper(resident_id=resident.pk, kind="avis_impot", upload=upload, by=resident.pk)
    with pytest.raises(keys.KeyMissing):
        sealed_storage.open(file.name, resident_id=resident.pk)
    assert_nothing_can_be_decrypted(resident, folder)


def test_a_dossier_in_progress_is_not_published(
    sealed_sources: Any, folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = sealed_sources
    dossier = dossiers.start(resident_id=resident.pk, aids=["ville_cantine"])
    job = dossiers.build(dossier=dossier, by=resident.pk)
    drawing = building.__dict__["draw"]

    def meanwhile(*args: Any, **more: Any) -> Any:
        close(resident)
        return drawing(*args, **more | {"progress": lambda done, total: None})

    monkeypatch.setattr(building, "draw", meanwhile)
    build(str(job.pk))
    with scope(resident=resident.pk):
        assert not Job.objects.filter(pk=job.pk).exists()
    assert_nothing_can_be_decrypted(resident, folder)


def test_no_plaintext_is_left_and_earlier_copies_cannot_be_decrypted(
    began: float,
    sealed_sources: Any,
    folder: Any,
    databases: Any,
    tmp_path: Any,
    caplog: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upload and a dossier in progress at the closing.

    Then a thief with the disk, the keyring and the earlier sealed files searches the database's files, its log, the
    broker's folder, temporary files, e-mails and logs.
    """
    resident = sealed_sources
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paper = add_paper(resident, "rib", content=f"%PDF {CANARY}".encode())
    with scope(resident=resident.pk):
        whole_name = paper.files.get().stored_name
    job = dossiers.build(dossier=dossiers.start(resident_id=resident.pk, aids=["ville_cantine"]), by=resident.pk)
    file = sealed_storage.create(resident_id=resident.pk)
    file.write(f"%PDF {CANARY}".encode() * 10_000)
    drawing = building.__dict__["draw"]
    copied: dict[Any, bytes] = {}

    def meanwhile(*args: Any, **more: Any) -> Any:
        copied.update({path: path.read_bytes() for path in folder.rglob("*") if path.is_file()})
        close(resident)
        file.write(CANARY.encode())
        file.close()
        return drawing(*args, **more | {"progress": lambda done, total: None})

    monkeypatch.setattr(building, "draw", meanwhile)
    build(str(job.pk))
    assert_nothing_can_be_decrypted(resident, folder)

    assert any(path.match(whole_name) for path in copied)
    for path, content in copied.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(keys.KeyMissing):
        sealed_storage.open(whole_name, resident_id=resident.pk)
    needles = spellings(CANARY)

    def spellings_in(content: bytes) -> list[str]:
        return [how for needle, how in needles.items() if needle in content]

    assert found_in_files(databases, connection.settings_dict["NAME"], since=began, look=spellings_in) == []
    files = dict(kept_files(settings.VAR, tmp_path))
    assert any("broker" in path.parts for path in files)
    assert [f"{path}: {how}" for path, content in files.items() for how in spellings_in(content)] == []
    assert (
        spellings_in(repr([record.__dict__ for record in (*caplog.get_records("setup"), *caplog.records)]).encode())
        == []
    )
    assert spellings_in(repr([message.message().as_string() for message in mail.outbox]).encode()) == []


def test_an_export_in_progress_stops(sealed_sources: Any, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    resident = sealed_sources
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    putting = exports._put

    def meanwhile(archive: Any, entry: Any, made_at: Any) -> Any:
        if entry.path == "valeurs.jsonl":
            close(resident)
        return putting(archive, entry, made_at)

    monkeypatch.setattr(exports, "_put", meanwhile)
    make_export(str(job.pk))
    assert_nothing_can_be_decrypted(resident, folder)


def test_a_finished_export_is_not_published_after_the_closing(
    sealed_sources: Any, folder: Any, monkeypatch: Any
) -> None:
    resident = sealed_sources
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    publishing = exports._publish
    ended: list[type[Exception]] = []

    def meanwhile(*args: Any) -> None:
        close(resident)
        try:
            publishing(*args)
        except Exception as error:
            ended.append(type(error))
            raise

    monkeypatch.setattr(exports, "_publish", meanwhile)
    make_export(str(job.pk))
    assert ended == [Cancelled], "it found that there is nothing to publish to, before it wrote anything"
    assert_nothing_can_be_decrypted(resident, folder)


def test_a_reader_that_already_has_the_key_is_refused(sealed_sources: Any, folder: Any) -> None:
    """A reader gets the key, then waits for the journal while the vault is closed.

    It must not continue with that key.
    """
    resident = sealed_sources
    box = sealed.box(resident_id=resident.pk)
    close(resident)
    with pytest.raises(keys.KeyMissing), transaction.atomic():
        journal.write(resident_id=resident.pk, actor_id=resident.pk, event="read", purpose="Essayer", opened=box)
    assert_nothing_can_be_decrypted(resident, folder)


def test_concurrent_readers_are_refused_after_the_acknowledgement(sealed_sources: Any, folder: Any) -> None:
    """With six concurrent readers, no read begun after the acknowledgement succeeds."""
    resident = sealed_sources
    acknowledged, over = threading.Event(), threading.Event()
    late: list[int] = []
    reads: list[int] = []

    def reading() -> None:
        try:
            while not over.is_set():
                after = acknowledged.is_set()
                try:
                    gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=["identite.pivot#/family_name"])
                except keys.KeyMissing:
                    return
                (late if after else reads).append(1)
        finally:
            connection.close()

    readers = [threading.Thread(target=reading) for _ in range(6)]
    for reader in readers:
        reader.start()
    while len(reads) < 20:
        pass
    close(resident)
    acknowledged.set()
    for reader in readers:
        reader.join(timeout=30)
    over.set()
    assert reads and late == []
    assert_nothing_can_be_decrypted(resident, folder)


def test_no_wrapped_key_is_left_in_the_tables_file(sealed_sources: Any, databases: Any) -> None:
    """DELETE and VACUUM leave the wrapped key in its page; `purge`, as the owner, rewrites the table."""
    resident = sealed_sources
    with connection.cursor() as cursor:
        cursor.execute("SELECT wrapped FROM keystore.resident_key WHERE resident_id = %s", [resident.pk])
        wrapped = bytes(cursor.fetchone()[0])
    close(resident)
    done = subprocess.run(
        [sys.executable, "manage.py", "purge"], cwd=settings.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "not written anew" not in done.stdout, done.stdout + done.stderr
    with databases.server.admin(connection.settings_dict["NAME"]) as admin:
        admin.autocommit = True
        admin.execute("CHECKPOINT")
        path = admin.execute("SELECT pg_relation_filepath('keystore.resident_key')").fetchone()[0]
        content = admin.execute("SELECT pg_read_binary_file(%s)", [path]).fetchone()[0]
    assert wrapped not in bytes(content)
