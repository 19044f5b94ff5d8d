"""The only Exif that a photo keeps: its orientation."""

import struct

from PIL import Image

ORIENTATION = 0x0112
GPS = 0x8825
SHORT = 3
#: The errors that Pillow raises on truncated or edited directories.
HOSTILE = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    struct.error,
)


def orientation(tiff: bytes) -> int:
    """Return the orientation, 1 (upright) if it is missing or unreadable."""
    found = _read(tiff).get(ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def has_place(tiff: bytes) -> bool:
    return GPS in _read(tiff)


def only(orientation: int) -> bytes:
    """Build an Exif directory with the orientation alone: a TIFF header, one entry, no second directory."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, SHORT, 1, orientation, 0, 0)


def _read(tiff: bytes) -> dict[int, object]:
    exif = Image.Exif()
    try:
        exif.load(tiff)
        return dict(exif)
    except HOSTILE:
        return {}
