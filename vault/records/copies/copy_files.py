"""Write rows and files of a vault as the files of the copy that its resident takes away."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from core.keys.sealed import Unreadable
from core.leaving import Copying, Entry
from core.models import FileRow
from vault.records.papers.file_names import clean_name

CHUNK = 1 << 16
#: Characters that a file system refuses in a name, and dots that would hide a file.
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.+|\.+$')


def table(path: str, rows: Iterable[Mapping[str, Any]]) -> Entry:
    """Return the entry of a JSON list, one row per line."""
    return Entry(path, listed(rows))


def listed(rows: Iterable[object]) -> Iterator[bytes]:
    """Yield a JSON list, one row per line, so that neither its writer nor its reader holds all of it."""
    before = b"[\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False).encode()
        before = b",\n"
    yield b"\n]" if before == b",\n" else b"[]"


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield JSON Lines: one row per line."""
    return (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def note(row: Any, copying: Copying) -> dict[str, Any]:  # noqa: ANN401 - any row that has a sealed note
    """Return the decrypted note of a row; empty for a row whose note was deleted when it was withdrawn."""
    return copying.unseal(row.content, f"note|{row.place}") if row.content else {}


def safe_name(name: str) -> str:
    return _FORBIDDEN.sub("_", clean_name(name))[-100:] or "document"


def chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(partial(file.read, CHUNK), b"")


def opened(copying: Copying, row: FileRow) -> BinaryIO | None:
    """Return the file that a row keeps, decrypted as it is read.

    Return None if it is damaged: the copy goes on, and lists it as missing.
    """
    try:
        return copying.open(row)
    except Unreadable:
        return None
