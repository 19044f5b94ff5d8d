"""A JPEG's segments: what the image needs is kept, and one line of Exif. What follows the image (a film, a second image) is cut off."""

import re
from collections.abc import Iterator

from vault.readers.files.place import exif
from vault.readers.reading import Unreadable

START, END, SCAN = 0xD8, 0xD9, 0xDA
ALONE = {0x01, *range(0xD0, 0xD8)}
EXIF, XMP = b"Exif\x00\x00", b"http://ns.adobe.com/"
#: What decodes the image (ITU-T T.81, table B.1): frames, tables, scans, their end. A mark that is none of these may hold anything.
IMAGE = {*range(0xC0, 0xD0), 0xDB, 0xDD, SCAN, END, *ALONE}
#: The application segments that the image's own decoding needs: resolution, colours, Adobe's colour transform.
NEEDED = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
#: In the compressed data a marker is a byte FF that neither 00 nor a restart follows.
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
    line = b"\xff\xe1" + (len(upright) + 2).to_bytes(2) + upright if upright else b""
    return b"".join([b"\xff\xd8", first, line, *kept])


def has_place(data: bytes) -> bool:
    """Whether a place is written in the segments; for an image inside a PDF, which is left alone otherwise."""
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
        return not payload.startswith((EXIF, XMP))  # of a damaged file: its mark has become another one
    return payload.startswith(NEEDED.get(marker, b"\x00never"))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each with its marker; a scan's holds its compressed data too. Ends with the image."""
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
