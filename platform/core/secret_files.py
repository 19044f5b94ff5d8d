"""Files of secrets on the disk: readable by their owner only, and whole or absent."""

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
    with _draft(path, content) as draft:
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    return True


def replace_whole(path: Path, content: bytes) -> None:
    """Replace a file atomically and keep its owner."""
    kept = path.stat()
    with _draft(path, content) as draft:
        if os.geteuid() == 0:
            os.chown(draft, kept.st_uid, kept.st_gid)
        os.replace(draft, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
