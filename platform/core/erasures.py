"""The ledger of erasures, outside the database: one file per closed vault, written before anything is deleted.

A backup still contains the vaults erased after it. After a restore, the ledger is replayed before the portal opens
again (`manage.py replay_erasures`). Each file holds only a resident's id and a time.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages


class Erasure(NamedTuple):
    resident_id: UUID
    at: datetime


def write(erasure: Erasure) -> None:
    """Write the file of one erasure, unless it exists.

    An error stops the closing, which is retried: nothing is erased unwritten.

    Raises:
        OSError: the file could not be written.
    """
    storage, name = _storage(), _name(erasure.resident_id)
    if not storage.exists(name):
        storage.save(name, ContentFile(content(erasure)))


def content(erasure: Erasure) -> bytes:
    return json.dumps({"resident": str(erasure.resident_id), "at": erasure.at.isoformat()}).encode()


def read(raw: bytes) -> Erasure:
    fields = json.loads(raw)
    return Erasure(UUID(fields["resident"]), datetime.fromisoformat(fields["at"]))


def find(resident_id: UUID) -> Erasure | None:
    """Return the erasure of one resident, or None if the ledger has none."""
    storage, name = _storage(), _name(resident_id)
    if not storage.exists(name):
        return None
    with storage.open(name) as file:
        return read(file.read())


def lines() -> Iterator[Erasure]:
    storage = _storage()
    for folder in _listed(storage, "")[0]:
        for name in sorted(_listed(storage, folder)[1]):
            with storage.open(f"{folder}/{name}") as file:
                yield read(file.read())


def _storage() -> Storage:
    return storages["erasures"]


def _name(resident_id: UUID) -> str:
    return f"{resident_id.hex[:2]}/{resident_id}.json"


def _listed(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return sorted(folders), files
