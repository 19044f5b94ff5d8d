"""Remove the place from a PNG: keep the chunks that draw the image and its Exif orientation, cut off what follows."""

import zlib
from collections.abc import Iterator

from vault.readers.files.place import exif
from vault.readers.reading import Unreadable

SIGNATURE = 8
DRAWN = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"cHRM",
    b"gAMA",
    b"iCCP",
    b"sBIT",
    b"sRGB",
    b"cICP",
    b"bKGD",
    b"pHYs",
}


def without(data: bytes) -> bytes:
    kept = [data[:SIGNATURE]]
    for kind, chunk in _chunks(data):
        if kind == b"eXIf" and (turned := exif.orientation(chunk[8:-4])) != 1:
            kept.append(_chunk(kind, exif.only(turned)))
        elif kind in DRAWN:
            kept.append(chunk)
    return b"".join(kept)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, kind = SIGNATURE, b""
    while kind != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            raise Unreadable("damaged")
        kind = data[at + 4 : at + 8]
        yield kind, data[at:end]
        at = end
