"""Remove the place from a JPEG: keep the segments that the image needs and its Exif orientation, cut off what follows.

Telephones append a film or a second image.
"""

import re
from collections.abc import Iterator

from vault.readers.files.place import exif
from vault.readers.reading import Unreadable

START, END, SCAN = 0xD8, 0xD9, 0xDA
ALONE = {0x01, *range(0xD0, 0xD8)}
EXIF, XMP = b"Exif\x00\x00", b"http://ns.adobe.com/"
#: Markers needed to decode the image (ITU-T T.81, table B.1): frames, tables, scans, end. Others may contain anything.
IMAGE = {*range(0xC0, 0xD0), 0xDB, 0xDD, SCAN, END, *ALONE}
#: Application segments needed to decode the image: resolution, colours, Adobe's colour transform.
NEEDED = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
#: In the compressed data, a marker is a byte FF not followed by 00 or by a restart.
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


def without(data: bytes) -> bytes:
    kept: list[bytes] = []
    turned, first = 1, b""
    for marker, segment in _segments(data):
        payload = segment[4:]
        if marker == 0xE1 and payload.startswith(EXIF):
            turned = exif.orientation(payload[len(EXIF) :])
        elif marker == 0xE0 and not kept and payload.startswith(NEEDED[0xE0]):
            first = segment
        elif _is_needed(marker, payload):
            kept.append(segment)
    upright = EXIF + exif.only(turned) if turned != 1 else b""
    oriented = b"\xff\xe1" + (len(upright) + 2).to_bytes(2) + upright if upright else b""
    return b"".join([b"\xff\xd8", first, oriented, *kept])


def has_place(data: bytes) -> bool:
    """Return whether the segments contain a place. Used for images inside a PDF, rewritten only if they do."""
    try:
        payloads = [(marker, segment[4:]) for marker, segment in _segments(data)]
    except Unreadable:
        return False
    return any(
        (payload.startswith(EXIF) and exif.has_place(payload[len(EXIF) :]))
        or (payload.startswith(XMP) and b"GPS" in payload)
        for marker, payload in payloads
        if marker == 0xE1
    )


def _is_needed(marker: int, payload: bytes) -> bool:
    if marker in IMAGE:
        return not payload.startswith((EXIF, XMP))  # in a damaged file, metadata may have another marker
    return payload.startswith(NEEDED.get(marker, b"\x00never"))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each segment with its marker, until the end of the image. A scan includes its compressed data."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise Unreadable("damaged")
        while at + 1 < len(data) and data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1] if at + 1 < len(data) else END
        if marker == END:
            yield END, b"\xff\xd9"
            return
        end = at + 2 if marker in ALONE else at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == SCAN:
            found = NEXT_MARKER.search(data, end)
            end = found.start() if found else len(data)
        if end <= at + 1 or end > len(data):
            raise Unreadable("damaged")
        yield marker, data[at:end]
        at = end
