"""Several files as one ZIP, made while it is sent: memory holds at most one piece of one file."""

import io
import zipfile
from collections.abc import Iterable, Iterator


class _Pipe(io.RawIOBase):
    """A buffer between the archive and its reader. It cannot seek, so the archive writes each size after its file."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # the kind of buffer that ZipFile gives
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield an uncompressed ZIP: papers are images and PDFs. Each file is opened when its turn comes.

    An error cuts the archive before its list of contents, so that no reader accepts it as complete.
    """
    pipe = _Pipe()
    archive = zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED)
    for name, pieces in files:
        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)
                yield pipe.take()
    archive.close()
    yield pipe.take()


def distinct(names: Iterable[str]) -> list[str]:
    """Number the repeated names."""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        stem, dot, suffix = name.rpartition(".")
        found.append(
            name
            if counts[name] == 1
            else f"{stem or suffix}-{counts[name]}{dot if stem else ''}{suffix if stem else ''}"
        )
    return found
