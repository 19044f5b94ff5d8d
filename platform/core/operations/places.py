"""Places outside the database: whether the portal may write there, and whether they lie on a disk with its data."""

import os
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db import connection

from core.files.storage import sealed_storage

#: Where Debian keeps the files of PostgreSQL. The portal's role may not ask the server.
DATABASE_FILES = Path("/var/lib/postgresql")
THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1"}


def require_writable(storage: Storage) -> None:
    """Check a place without writing: a store of checkpoints may refuse that a file is ever removed.

    Raises:
        OSError: a folder that the portal may not write, or a service that does not answer.
    """
    if not isinstance(storage, FileSystemStorage):
        storage.exists("doctor")
        return
    there = _nearest(Path(storage.location))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"{there} cannot be written")


def lies_with_the_data(storage: Storage) -> bool:
    """Return whether a place is on a disk that also holds the database, the files or the keys."""
    if not isinstance(storage, FileSystemStorage):
        return False
    return _device(Path(storage.location)) in {_device(folder) for folder in _data()}


def _data() -> list[Path]:
    folders = [Path(settings.VAR)]
    if isinstance(inner := sealed_storage.inner, FileSystemStorage):
        folders.append(Path(inner.location))
    host = str(connection.settings_dict["HOST"])
    if DATABASE_FILES.exists() and (host in THIS_MACHINE or host.startswith("/")):
        folders.append(DATABASE_FILES)
    return folders


def _device(folder: Path) -> int:
    return _nearest(folder).stat().st_dev


def _nearest(folder: Path) -> Path:
    """Return the folder, or the one above that is there: the portal makes a folder when it first needs it."""
    while not folder.exists():
        folder = folder.parent
    return folder
