"""Remove the place from a HEIC photo's boxes (ISO/IEC 14496-12 and 23008-12).

Metadata is overwritten in place, so that no offset changes. HEIC stores the orientation as a property of the image,
not in Exif.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from vault.readers.reading import Unreadable

KEPT = {b"ftyp", b"meta", b"mdat", b"free", b"skip"}
METADATA = {b"Exif", b"mime", b"uri "}
#: The offset of the TIFF header that follows it, then an empty directory.
NO_EXIF = bytes(4) + struct.pack(">2sHIHI", b"MM", 42, 8, 0, 0)


@dataclass(frozen=True)
class Box:
    kind: bytes
    start: int
    body: int
    end: int


class Cursor:
    """A reader of successive big-endian numbers."""

    def __init__(self, data: bytes, box: Box) -> None:
        self.data, self.at, self.end = data, box.body, box.end

    def number(self, size: int) -> int:
        if self.at + size > self.end:
            raise Unreadable("damaged")
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at])


def without(data: bytes) -> bytes:
    out = bytearray(data)
    for box in _boxes(data, 0, len(data)):
        if box.kind == b"meta":
            _blank(out, data, box)
        elif box.kind not in KEPT:
            out[box.start + 4 : box.start + 8] = b"free"
            out[box.body : box.end] = bytes(box.end - box.body)
    return bytes(out)


def _blank(out: bytearray, data: bytes, meta: Box) -> None:
    inside = {box.kind: box for box in _boxes(data, meta.body + 4, meta.end)}
    metadata = {item for item, kind in _items(data, inside) if kind in METADATA}
    for item, start, length in _pieces(data, inside):
        if item in metadata:
            blank = NO_EXIF if length >= len(NO_EXIF) else b""
            out[start : start + length] = blank + bytes(length - len(blank))


def _items(data: bytes, inside: dict[bytes, Box]) -> Iterator[tuple[int, bytes]]:
    if b"iinf" not in inside:
        return
    cursor = Cursor(data, inside[b"iinf"])
    cursor.number(2 if cursor.number(4) >> 24 == 0 else 4)
    for box in _boxes(data, cursor.at, cursor.end):
        entry = Cursor(data, box)
        version = entry.number(4) >> 24
        if version >= 2:
            item = entry.number(2 if version == 2 else 4)
            entry.number(2)
            yield item, entry.number(4).to_bytes(4)


def _pieces(data: bytes, inside: dict[bytes, Box]) -> Iterator[tuple[int, int, int]]:
    """Yield each piece of each item: the item, then the piece's start and length."""
    if b"iloc" not in inside:
        return
    cursor = Cursor(data, inside[b"iloc"])
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _item in range(cursor.number(2 if version < 2 else 4)):
        item = cursor.number(2 if version < 2 else 4)
        method = cursor.number(2) & 15 if version else 0
        cursor.number(2)
        start = cursor.number(base) + _origin(inside, method)
        for _extent in range(cursor.number(2)):
            cursor.number(index if version else 0)
            piece, size = start + cursor.number(offset), cursor.number(length)
            size = size or len(data) - piece
            if piece + size > len(data) or size < 0:
                raise Unreadable("damaged")
            yield item, piece, size


def _origin(inside: dict[bytes, Box], method: int) -> int:
    """Return the origin of offsets: the start of the file, or of the metadata's own data."""
    if method == 0:
        return 0
    if method == 1 and b"idat" in inside:
        return inside[b"idat"].body
    raise Unreadable("damaged")


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, body = int.from_bytes(data[at : at + 4]), at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16]), at + 16
        stop = end if size == 0 else at + size
        if stop < body or stop > end:
            raise Unreadable("damaged")
        yield Box(data[at + 4 : at + 8], at, body, stop)
        at = stop
