"""Sealed files on any storage: only ciphertext is written, atomically, and only its resident can decrypt it."""

import errno
import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import FileField
from django.utils import timezone
from django_scopes import scope

from core.files import storage as storage_module
from core.files.segments import ROOM, WITHOUT_KIND, SegmentWriter
from core.files.storage import NAME, RECEIVED, StorageFull, sealed_storage
from core.keys import KeyMissing, key_of
from core.keys.sealed import Unreadable
from core.models import ResidentKey
from core.residents import prepare

pytestmark = pytest.mark.django_db
LOCAL = "django.core.files.storage.FileSystemStorage"
MEMORY = "django.core.files.storage.InMemoryStorage"
CONTENT = b"canary" * 30_000


def use(settings, backend, **options):
    settings.STORAGES = {**settings.STORAGES, "sealed": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture
def folder(settings, tmp_path):
    use(settings, LOCAL, location=str(tmp_path / "files"))
    return tmp_path / "files"


@pytest.fixture(params=[LOCAL, MEMORY])
def any_storage(request, settings, tmp_path):
    use(settings, request.param, **({"location": str(tmp_path / "files")} if request.param == LOCAL else {}))
    return request.param


@pytest.fixture
def person():
    person = uuid4()
    prepare(person)
    return person


def kept(person, content=CONTENT):
    with sealed_storage.create(resident_id=person) as file:
        file.write(content)
    return file


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_content_is_read_back(any_storage, person):
    file = kept(person)
    assert (file.size, file.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert NAME.fullmatch(file.name)
    with sealed_storage.open(file.name, resident_id=person) as opened:
        assert opened.size == len(CONTENT)
        assert opened.read() == CONTENT


def test_ranges_are_read_without_the_rest(any_storage, person):
    file = kept(person)
    with sealed_storage.open(file.name, resident_id=person) as opened:
        opened.seek(ROOM - 3)
        assert opened.read(10) == CONTENT[ROOM - 3 : ROOM + 7]
        opened.seek(-4, io.SEEK_END)
        assert opened.read() == CONTENT[-4:]


def test_an_empty_file_is_stored(any_storage, person):
    with sealed_storage.open(kept(person, b"").name, resident_id=person) as opened:
        assert opened.read() == b""


def test_only_ciphertext_is_on_the_disk_and_only_its_owner_may_read_it(folder, person):
    kept(person)
    (path,) = files_in(folder)
    assert b"canary" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(parent.stat().st_mode & 0o777 == 0o700 for parent in path.parents if folder in parent.parents)


def test_another_resident_cannot_decrypt(any_storage, person):
    stranger = uuid4()
    prepare(stranger)
    with pytest.raises(Unreadable):
        sealed_storage.open(kept(person).name, resident_id=stranger)


def test_a_file_is_unreadable_once_the_key_is_erased(any_storage, person):
    name = kept(person).name
    with scope(resident=person):
        ResidentKey.objects.all().delete()
    with pytest.raises(KeyMissing):
        sealed_storage.open(name, resident_id=person)
    with pytest.raises(KeyMissing):
        sealed_storage.create(resident_id=person)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "ab/cd/../../x", "stage/" + "0" * 32, "AB/CD/" + "0" * 32, "", "ab/cd/" + "0" * 31],
)
def test_an_invalid_name_is_refused(any_storage, person, name):
    with pytest.raises(Unreadable):
        sealed_storage.open(name, resident_id=person)
    with pytest.raises(Unreadable):
        sealed_storage.delete(name)


def test_a_missing_file_is_unreadable_and_deletion_is_idempotent(any_storage, person):
    name = kept(person).name
    sealed_storage.delete(name)
    sealed_storage.delete(name)
    with pytest.raises(Unreadable):
        sealed_storage.open(name, resident_id=person)


def test_swapped_files_are_refused(folder, person):
    one, two = kept(person, b"one").name, kept(person, b"two").name
    (folder / one).rename(folder / "kept")
    (folder / two).rename(folder / one)
    (folder / "kept").rename(folder / two)
    for name in (one, two):
        with pytest.raises(Unreadable):
            sealed_storage.open(name, resident_id=person)


def test_an_exception_leaves_no_file(any_storage, person):
    with pytest.raises(ZeroDivisionError), sealed_storage.create(resident_id=person) as file:
        file.write(CONTENT)
        raise ZeroDivisionError
    assert list(storage_module._names(sealed_storage.inner)) == []
    with pytest.raises(Unreadable):
        sealed_storage.open(file.name, resident_id=person)


def test_a_file_has_no_name_while_written(folder, person):
    with sealed_storage.create(resident_id=person) as file:
        file.write(CONTENT)
        assert [path.parent.name for path in files_in(folder)] == ["stage"]
        with pytest.raises(Unreadable):
            sealed_storage.open(file.name, resident_id=person)
    assert [str(path.relative_to(folder)) for path in files_in(folder)] == [file.name]


def test_the_file_is_synced_before_its_renaming_and_its_folder_after(folder, person, monkeypatch):
    done = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(handle):
        done.append(os.readlink(f"/proc/self/fd/{handle}"))
        real_fsync(handle)

    def rename(path, target):
        done.append("rename")
        return real_rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    name = kept(person).name
    staged, renamed = done.index(str(folder / "stage" / Path(name).name)), done.index("rename")
    assert staged < renamed
    assert done[-1] == str((folder / name).parent)
    assert {str(folder), str((folder / name).parent.parent)} <= set(done)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("step", ["fsync", "mkdir", "write"])
def test_a_full_disk_raises_and_leaves_nothing(folder, person, monkeypatch, code, step):
    kept(person, b"before")

    def fail(*_args, **_options):
        raise OSError(code, os.strerror(code))

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    elif step == "mkdir":
        monkeypatch.setattr(Path, "mkdir", fail)
    else:
        monkeypatch.setattr(SegmentWriter, "_emit", fail)
    with pytest.raises(StorageFull):
        kept(person)
    monkeypatch.undo()
    assert len(files_in(folder)) == 1


def test_another_disk_error_is_not_reported_as_full(folder, person, monkeypatch):
    def fail(_handle):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="input/output"):
        kept(person)
    assert files_in(folder) == []


def test_the_sweep_deletes_orphans_and_spares_recent_files(folder, person):
    orphan = kept(person).name
    staged = sealed_storage.create(resident_id=person)
    staged.write(CONTENT)
    now = timezone.now().timestamp()
    for path in files_in(folder):
        os.utime(path, (now, now))
    assert sealed_storage.sweep() == 0
    for path in files_in(folder):
        os.utime(path, (1, 1))
    young = kept(person).name
    os.utime(folder / young, (now, now))
    assert sealed_storage.sweep() == 2
    assert [str(path.relative_to(folder)) for path in files_in(folder)] == [young]
    assert orphan != young


def test_files_kept_by_a_row_are_never_swept(any_storage, person, monkeypatch):
    keep, orphan = kept(person).name, kept(person).name
    monkeypatch.setattr(storage_module, "_kept", lambda names: set(names) & {keep})
    assert sealed_storage.sweep(older_than=timedelta(seconds=-5)) == 1
    with sealed_storage.open(keep, resident_id=person) as opened:
        assert opened.read() == CONTENT
    with pytest.raises(Unreadable):
        sealed_storage.open(orphan, resident_id=person)


def test_the_sweep_asks_each_model_that_keeps_files():
    assert {f"{model._meta.label}" for model in storage_module.keepers()} >= {"records.PaperFile"}


def test_every_model_with_a_sealed_file_is_known_to_the_sweep():
    """A model keeps a sealed file by `stored_name`; under another name its files would be deleted after a day."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            assert not isinstance(field, FileField), f"{model._meta.label}.{field.name} would write a file in clear"
            assert "stored" not in field.name or field.name == storage_module.KEPT_FIELD, (
                f"{model._meta.label}.{field.name}"
            )


def test_the_default_storage_refuses_every_call():
    for act in (
        lambda: default_storage.save("x", ContentFile(b"x")),
        lambda: default_storage.open("x"),
        lambda: default_storage.exists("x"),
        lambda: default_storage.delete("x"),
    ):
        with pytest.raises(NotImplementedError, match="sealed_storage"):
            act()


def as_before_kinds(path, person, content):
    """Write a file again as versions from before kinds did."""
    name = "/".join(path.parts[-3:])
    out = io.BytesIO()
    writer = SegmentWriter(out, key_of(resident_id=person), f"file|{name}".encode())
    writer.write(content)
    writer.close()
    path.write_bytes(WITHOUT_KIND + out.getvalue()[1:])


def test_a_file_opens_only_as_its_own_kind(any_storage, person):
    with sealed_storage.create(resident_id=person, kind="letter") as file:
        file.write(CONTENT)
    for kind in ("dossier", "", RECEIVED):
        with pytest.raises(Unreadable):
            sealed_storage.open(file.name, resident_id=person, kind=kind)
    with sealed_storage.open(file.name, resident_id=person, kind="letter") as opened:
        assert opened.read() == CONTENT and not opened.without_kind


def test_a_file_from_before_kinds_opens_as_any_and_a_new_one_does_not_pass_as_such(folder, person):
    name = kept(person).name
    path = folder / name
    path.write_bytes(WITHOUT_KIND + path.read_bytes()[1:])
    with pytest.raises(Unreadable):
        sealed_storage.open(name, resident_id=person)
    as_before_kinds(path, person, CONTENT)
    for kind in ("letter", RECEIVED):
        with sealed_storage.open(name, resident_id=person, kind=kind) as opened:
            assert opened.read() == CONTENT and opened.without_kind
