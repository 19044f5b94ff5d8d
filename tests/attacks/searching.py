"""Search for plaintext: the spellings that careless code might store, in the places where a thief would look."""

import base64
import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Databases

#: In base64, a number has four letters at one offset in three: receipts and signatures contain any four letters by
#: chance.
LEAST = 8


def spellings(word: str) -> dict[bytes, str]:
    """Return the spellings that reveal the word, each with its name. In base64 they depend on the word's offset."""
    found: dict[bytes, str] = {}
    for name, text in (("", word), (" in capitals", word.upper()), (" capitalised", word.capitalize())):
        plain = text.encode()
        found[plain] = f"in clear{name}"
        found[text.encode("utf-16-le")] = f"UTF-16{name}"
        found[text.encode("utf-16-be")] = f"UTF-16, big end first{name}"
        found[plain.hex().encode()] = f"hexadecimal{name}"
        found[plain.hex().upper().encode()] = f"hexadecimal in capitals{name}"
        found[plain[::-1]] = f"backwards{name}"
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + plain)
            middle = encoded[4 if offset else 0 : -4]
            if len(middle) < LEAST:
                continue
            found[middle] = f"base64{name}"
            found[middle.replace(b"+", b"-").replace(b"/", b"_")] = f"base64 for addresses{name}"
    return found


def inflated(content: bytes) -> Iterator[bytes]:
    for head, bits in ((b"\x78\x9c", 15), (b"\x78\x01", 15), (b"\x78\xda", 15), (b"\x1f\x8b\x08", 31)):
        start = content.find(head)
        while start >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(content[start:], 2_000_000)
            start = content.find(head, start + 1)


def files_of_database(databases: "Databases", name: str, *, since: float) -> list[Path]:
    """Return the database's files, and its write-ahead log since a time, after a checkpoint."""
    with databases.server.admin() as connection:
        connection.execute("CHECKPOINT")
        folder = Path(str(connection.execute("SHOW data_directory").fetchall()[0][0]))
        number = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", [name]).fetchall()[0][0]
    if not os.access(folder, os.R_OK | os.X_OK):
        pytest.skip("THE FILES OF THE DATABASE CANNOT BE READ HERE: only its tables were searched")
    logs = [path for path in (folder / "pg_wal").iterdir() if path.is_file() and path.stat().st_mtime >= since]
    return [*(folder / "base" / str(number)).iterdir(), *logs]


def found_in_files(
    databases: "Databases", name: str, *, since: float, look: Callable[[bytes], list[str]]
) -> list[str]:
    """Return what `look` finds in these files."""
    found, read = [], set[int]()
    for _ in range(50):
        try:
            files = files_of_database(databases, name, since=since)
            assert len(files) > 100
            for path in files:
                if (number := path.stat().st_ino) not in read:
                    found += [f"{path}: {how}" for how in look(path.read_bytes())]
                    read.add(number)
        except FileNotFoundError:
            continue  # the log file was renamed between listing and reading; unread files are listed again
        return found
    pytest.fail("The files of the database changed their names fifty times while they were read.")
