"""The ledger of erasures: each file is whole or absent, and its name alone says that the vault is erased."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from core.journal import erasures
from core.journal.erasures import Erasure
from tests.core.s3_service import Bucket, served

PERSON = UUID("0b9f4c7e-36a6-4b0e-9d3c-2f6c6f1c2a11")


@pytest.fixture(autouse=True)
def ledger(settings: Any, tmp_path: Path) -> Path:
    """Return the folder of this test's own ledger."""
    folder = tmp_path / "erasures"
    settings.STORAGES = {
        **settings.STORAGES,
        "erasures": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


def file_of(ledger: Path, resident_id: UUID) -> Path:
    return ledger / resident_id.hex[:2] / f"{resident_id}.json"


def test_a_full_disk_leaves_no_file(ledger, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(os, "fsync", full)
        erasures.write(Erasure(PERSON, timezone.now()))
    assert [path for path in ledger.rglob("*") if path.is_file()] == []
    assert erasures.find(PERSON) is None
    erasures.write(erasure := Erasure(PERSON, timezone.now()))
    assert erasures.find(PERSON) == erasure
    assert file_of(ledger, PERSON).stat().st_mode & 0o777 == 0o644, "another user of the machine reads the ledger"


def test_a_kill_while_a_file_is_written_leaves_no_erasure(ledger, monkeypatch):
    def killed(*_given):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "fsync", killed)
        erasures.write(Erasure(PERSON, timezone.now()))
    assert erasures.find(PERSON) is None and list(erasures.lines()) == []


@pytest.mark.parametrize("content", [b"", b'{"resid', b"[]", b'{"at": 3}', b'{"at": "2026-01-01T00:00:00"}', b"\xff"])
def test_an_unreadable_file_still_says_whose_vault_is_erased(ledger, content):
    other = Erasure(uuid4(), timezone.now())
    erasures.write(other)
    file = file_of(ledger, PERSON)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    written = timezone.now() - timedelta(days=3)
    os.utime(file, (written.timestamp(),) * 2)
    found = erasures.find(PERSON)
    assert found is not None and found.resident_id == PERSON
    assert abs(found.at - written) < timedelta(seconds=1), "the time of the file"
    assert {one.resident_id for one in erasures.lines()} == {PERSON, other.resident_id}


def test_an_unreadable_file_is_written_again(ledger):
    file = file_of(ledger, PERSON)
    file.parent.mkdir(parents=True)
    file.touch()
    erasures.write(erasure := Erasure(PERSON, timezone.now() - timedelta(days=3)))
    assert erasures.find(PERSON) == erasure
    assert list(erasures.lines()) == [erasure]


def test_other_files_are_no_erasures(ledger):
    erasures.write(erasure := Erasure(PERSON, timezone.now()))
    for name in ("stage/0", f"{PERSON.hex[:2]}/.nfs01", "README", "ff/notes.json"):
        (ledger / name).parent.mkdir(exist_ok=True)
        (ledger / name).touch()
    assert list(erasures.lines()) == [erasure]


def test_a_bucket_keeps_one_file_per_vault(settings, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    bucket = Bucket()
    with served(bucket) as address:
        options = {"bucket_name": "papers", "location": "ledger", "region_name": "eu-west-3", "endpoint_url": address}
        settings.STORAGES = {
            **settings.STORAGES,
            "erasures": {"BACKEND": "core.files.s3.RangeS3Storage", "OPTIONS": options},
        }
        for days in (3, 0):
            erasures.write(erasure := Erasure(PERSON, timezone.now() - timedelta(days=days)))
        assert list(erasures.lines()) == [erasure] and erasures.find(PERSON) == erasure
        assert storages["erasures"].exists(f"{PERSON.hex[:2]}/{PERSON}.json")
        assert len(bucket.objects) == 1
