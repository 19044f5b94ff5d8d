"""The ledger of erasures, outside the database: one file per closed vault, written before anything is deleted.

A backup still contains the vaults erased after it. After a restore, the ledger is replayed before the portal opens
again (`manage.py replay_erasures`). Each file holds only a resident's id and a time. Its name alone says that the
vault is erased. One more file has the ledger's random name, which each backup notes: a restore knows by it that this
is the ledger of the portal that made the backup, even if nobody had left.
"""

import json
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from core import whole_files

OWN_NAME = "ledger.json"
NAME = re.compile(r"[0-9a-f]{2}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json")


class Erasure(NamedTuple):
    resident_id: UUID
    at: datetime


def write(erasure: Erasure) -> None:
    """Write the file of one erasure, or replace it by one with this time.

    An error stops the closing, which is retried: nothing is erased unwritten.

    Raises:
        OSError: the file could not be written.
    """
    _put(_name(erasure.resident_id), content(erasure))


def remove(resident_id: UUID) -> None:
    """Remove the file of a vault that was not erased.

    Raises:
        OSError: the file could not be removed.
    """
    _storage().delete(_name(resident_id))


def content(erasure: Erasure) -> bytes:
    return json.dumps({"resident": str(erasure.resident_id), "at": erasure.at.isoformat()}).encode()


def read_time(raw: bytes) -> datetime | None:
    """Return the time in a file's content, or None if it is unreadable."""
    try:
        at = datetime.fromisoformat(json.loads(raw)["at"])
    except (ValueError, TypeError, KeyError):
        return None
    return at if at.tzinfo else None


def identity() -> str:
    """Return the random name of this ledger, or an empty string if no backup gave it one.

    Raises:
        OSError: the ledger could not be read.
    """
    storage = _storage()
    if not storage.exists(OWN_NAME):
        return ""
    with storage.open(OWN_NAME) as file:
        return str(json.loads(file.read())["ledger"])


def ensure_identity() -> str:
    """Return the random name of this ledger, which is made the first time.

    Raises:
        OSError: the ledger could not be read or written.
    """
    if not (named := identity()):
        named = secrets.token_hex(16)
        _put(OWN_NAME, json.dumps({"ledger": named}).encode())
    return named


def find(resident_id: UUID) -> Erasure | None:
    """Return the erasure of one resident, or None if the ledger has none."""
    storage, name = _storage(), _name(resident_id)
    return _read(storage, name, resident_id) if storage.exists(name) else None


def lines() -> Iterator[Erasure]:
    storage = _storage()
    for folder in _listed(storage, "")[0]:
        for file in sorted(_listed(storage, folder)[1]):
            if match := NAME.fullmatch(name := f"{folder}/{file}"):
                yield _read(storage, name, UUID(match[1]))


def _storage() -> Storage:
    return storages["erasures"]


def _name(resident_id: UUID) -> str:
    return f"{resident_id.hex[:2]}/{resident_id}.json"


def _put(name: str, raw: bytes) -> None:
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        _write_whole(Path(storage.path(name)), raw, storage.file_permissions_mode)
    else:
        # `save` would give the file another name.
        storage._save(name, ContentFile(raw))  # type: ignore[attr-defined]  # noqa: SLF001 - Django's documented name


def _write_whole(path: Path, raw: bytes, mode: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_files.draft(path, raw, mode=0o600 if mode is None else mode) as made:
        whole_files.put(made, path)
    whole_files.sync_folder(path.parent.parent)


def _read(storage: Storage, name: str, resident_id: UUID) -> Erasure:
    """Read a file. If its content is unreadable, the time is when it was written."""
    with storage.open(name) as file:
        at = read_time(file.read())
    return Erasure(resident_id, at or storage.get_modified_time(name))


def _listed(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return sorted(folders), files
