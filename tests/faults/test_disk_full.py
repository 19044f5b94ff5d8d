"""The files' disk really fills up (3 MB of tmpfs): uploads answer 507 and leave no file, and work again later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_scopes import scope

from core.files.storage import sealed_storage
from core.keys.sealed import Unreadable
from core.models import JournalLeaf
from tests.accounts.factories import signed_in
from vault.records.models import PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.core.upload_site")]
PAPER = b"canary " * 40_000


@pytest.fixture
def small_disk(settings, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(
            "NOT TESTED ON A FULL DISK: this user may not mount a small one (test_storage.py plays the error instead)"
        )
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}},
    }
    yield folder
    subprocess.run(["umount", folder], check=True)


def send(awa):
    return awa.post("/essai/", {"title": "x", "paper": SimpleUploadedFile("avis.pdf", PAPER, "application/pdf")})


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_uploads_on_a_disk_that_fills_up(small_disk, resident):
    awa, kept = signed_in(resident), []
    while (answer := send(awa)).status_code == 200:
        kept.append(answer.json()["stored"]["name"])
    assert 3 < len(kept) < 15
    assert answer.status_code == 507
    assert "plus de place" in answer.content.decode()

    assert files_in(small_disk) == set(kept)
    assert not any(b"canary" in (small_disk / name).read_bytes() for name in kept)
    with scope(resident=resident.pk):
        assert set(PaperFile.objects.values_list("stored_name", flat=True)) == set(kept)
        assert JournalLeaf.objects.filter(entry__isnull=False).count() >= len(kept)
    for name in kept:
        with sealed_storage.open(name, resident_id=resident.pk) as opened:
            assert opened.read() == PAPER

    with scope(resident=resident.pk):
        PaperFile.objects.filter(stored_name=kept[0]).delete()
    sealed_storage.delete(kept[0])
    assert send(awa).status_code == 200
    assert send(awa).status_code == 507


LIMITED = """
import os, resource, sys, uuid
import django
django.setup()
from core.residents import prepare
from core.files.storage import StorageFull, sealed_storage
person = uuid.uuid4()
prepare(person)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with sealed_storage.create(resident_id=person) as file:
        for _ in range(100):
            file.write(b"canary" * 1000)
except StorageFull:
    print("full", file.name)
"""


def test_a_process_at_its_file_size_limit_leaves_no_file(tmp_path):
    """The same by the kernel's limit of file size, for machines where nothing can be mounted."""
    folder = tmp_path / "files"
    variables = {"STORAGE_URL": folder.as_uri(), "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("full "), done.stderr[-2000:]
    assert files_in(folder) == set()


def test_a_file_changed_by_the_disk_is_refused(resident, settings, tmp_path):
    """Change each byte of a stored file once: every read is refused."""
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }
    with sealed_storage.create(resident_id=resident.pk) as file:
        file.write(b"a short secret")
    path = tmp_path / "files" / file.name
    stored = path.read_bytes()
    for index in range(len(stored)):
        path.write_bytes(stored[:index] + bytes([stored[index] ^ 1]) + stored[index + 1 :])
        with pytest.raises(Unreadable):
            sealed_storage.open(file.name, resident_id=resident.pk).read()
    path.write_bytes(stored)
    assert sealed_storage.open(file.name, resident_id=resident.pk).read() == b"a short secret"
