"""What is left of backups, and where: copies of the wrapped keys leave in time, places outside are on another disk."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, Storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.operations import health, places

pytestmark = pytest.mark.django_db


def backup_of(folder: Path, days: int, *, says: bool = True) -> Path:
    """Make the wrapped keys of a backup of some days ago. One of an earlier version does not say when it was made."""
    keystore = folder / f"{days} days ago" / "keystore"
    keystore.mkdir(parents=True)
    (keystore.parent / "content").mkdir()
    made = timezone.now() - timedelta(days=days)
    (keystore / "keys.dump").touch()
    if says:
        (keystore / "made.txt").write_text(made.isoformat())
    else:
        os.utime(keystore / "keys.dump", (made.timestamp(), made.timestamp()))
    return keystore


@pytest.mark.parametrize("says", [True, False])
def test_keys_leave_before_they_are_thirty_days_old(tmp_path, says, capsys):
    kept = [backup_of(tmp_path, days, says=says) for days in (0, 1, 28)]
    old = [backup_of(tmp_path, days, says=says) for days in (29, 30, 400)]
    call_command("forget_keystores", tmp_path)
    said = capsys.readouterr().out
    assert [one for one in kept if not one.exists()] == [] == [one for one in old if one.exists()]
    assert all((one.parent / "content").is_dir() for one in old), "the rest stays for as long as one likes"
    assert all(f"{one} is deleted." in said for one in old)
    assert health.last_sign(health.KEYSTORES)


def test_the_last_backup_keeps_its_keys_and_the_doctor_hears_nothing(tmp_path):
    """Backups have stopped, or the clock is a year off: both are for a person to put right."""
    last, old = backup_of(tmp_path, 365), backup_of(tmp_path, 366)
    with pytest.raises(CommandError, match="even the last backup is of .* Set the clock if it is wrong"):
        call_command("forget_keystores", tmp_path)
    assert last.exists() and not old.exists()
    assert health.last_sign(health.KEYSTORES) is None


def test_before_the_first_backup_there_is_nothing_to_delete(tmp_path):
    call_command("forget_keystores", tmp_path)
    assert health.last_sign(health.KEYSTORES)


def test_one_backup_or_another_folder_is_not_taken_for_the_folder_of_all(tmp_path):
    one = backup_of(tmp_path, 40).parent
    with pytest.raises(CommandError, match="is one backup"):
        call_command("forget_keystores", one)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photos.zip").touch()
    with pytest.raises(CommandError, match="has files and no backup"):
        call_command("forget_keystores", tmp_path / "other")
    assert health.last_sign(health.KEYSTORES) is None


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="nowhere is not there"):
        call_command("forget_keystores", tmp_path / "nowhere")


def test_keys_that_cannot_be_deleted_are_said_in_one_sentence(tmp_path, monkeypatch):
    backup_of(tmp_path, 0)
    backup_of(tmp_path, 40)

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    said = pytest.raises(CommandError, match=r"Old keys could not be deleted: .*Permission denied")
    with monkeypatch.context() as patch, said:
        patch.setattr(shutil, "rmtree", refuse)
        call_command("forget_keystores", tmp_path)
    assert health.last_sign(health.KEYSTORES) is None


def test_a_place_on_the_data_s_disk_is_told_from_one_on_another(settings, tmp_path, monkeypatch):
    """Two file systems that each Linux has: that of temporary files and the shared memory's."""
    other = Path("/dev/shm")
    monkeypatch.setattr(places, "DATABASE_FILES", tmp_path)
    settings.VAR = tmp_path / "var"
    assert tmp_path.stat().st_dev != other.stat().st_dev
    assert places.lies_with_the_data(FileSystemStorage(location=tmp_path / "not" / "yet" / "made"))
    assert not places.lies_with_the_data(FileSystemStorage(location=other))
    settings.VAR = other / "nothing"
    assert places.lies_with_the_data(FileSystemStorage(location=other))


def test_a_service_is_on_no_disk_of_this_machine():
    assert not places.lies_with_the_data(Storage())
