"""Files that are whole or absent, also after a kill or a power cut: written beside their place, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_once(path: Path, content: bytes) -> bool:
    """Create an owner-only file atomically; return False if it exists.

    `link` never replaces a file, so exactly one of several processes creates it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with draft(path, content) as made:
        try:
            os.link(made, path)
        except FileExistsError:
            return False
        sync_folder(path.parent)
    return True


def replace_whole(path: Path, content: bytes) -> None:
    """Replace a file atomically and keep its owner."""
    kept = path.stat()
    with draft(path, content) as made:
        if os.geteuid() == 0:
            os.chown(made, kept.st_uid, kept.st_gid)
        put(made, path)


@contextmanager
def draft(path: Path, content: bytes, *, mode: int = 0o600) -> Iterator[Path]:
    """Write a file beside `path`, on the disk once this returns; it is deleted after the block unless renamed."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def put(made: Path, path: Path) -> None:
    """Rename a file that is on the disk, and return once its new name is too."""
    made.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
