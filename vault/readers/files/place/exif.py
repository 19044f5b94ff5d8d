"""The few bytes of Exif that a photo keeps: which side is up."""

import struct

from PIL import Image

ORIENTATION = 0x0112
GPS = 0x8825
SHORT = 3
#: What Pillow raises on directories that were cut or edited.
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
    """1 (upright) when it says none, or nothing that can be read."""
    found = _read(tiff).get(ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def has_place(tiff: bytes) -> bool:
    return GPS in _read(tiff)


def only(orientation: int) -> bytes:
    """A TIFF header, one entry, no second directory."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, SHORT, 1, orientation, 0, 0)


def _read(tiff: bytes) -> dict[int, object]:
    exif = Image.Exif()
    try:
        exif.load(tiff)
        return dict(exif)
    except HOSTILE:
        return {}
