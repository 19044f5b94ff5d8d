"""A file of secrets is whole or absent, and is on the disk with its name once it is said to be written."""

import os
import stat

import pytest

from core import whole_files


@pytest.fixture
def synced(monkeypatch):
    """The inodes of what was written to the disk."""
    found, real = set(), os.fsync

    def fsync(handle):
        found.add(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_a_new_file_and_its_name_are_on_the_disk(tmp_path, synced):
    path = tmp_path / "keys" / "keyring"
    assert whole_files.write_once(path, b"a key")
    assert synced == {path.stat().st_ino, path.parent.stat().st_ino}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keyring"]


def test_a_file_that_exists_is_left_as_it_is(tmp_path):
    path = tmp_path / "keyring"
    whole_files.write_once(path, b"a key")
    assert not whole_files.write_once(path, b"another key")
    assert path.read_bytes() == b"a key"


def test_a_file_is_replaced_whole_and_its_name_is_on_the_disk(tmp_path, synced):
    path = tmp_path / "keyring"
    path.write_bytes(b"a key")
    whole_files.replace_whole(path, b"two keys")
    assert path.read_bytes() == b"two keys"
    assert synced == {path.stat().st_ino, tmp_path.stat().st_ino}
