"""Remove from a file the place where a photo was taken, before it is stored. The image is not encoded again.

A photo loses all its metadata except its orientation and its colours: the place may be in Exif, XMP, IPTC, or in a
second image or a film that telephones append. A PDF is rewritten only if a place is found in it, and never if it is
signed, which would break the signature. Runs in the limited child.
"""

from core.files.sizes import MAX_PAPER
from vault.readers import recognise
from vault.readers.files.place.outcome import Place
from vault.readers.reading import Unreadable

__all__ = ["Place", "without"]


def without(data: bytes) -> tuple[Place, bytes]:
    """Return the outcome and the file without the place; the same bytes if there is nothing to remove.

    Raises:
        Unreadable: the file is refused.
    """
    media = recognise.media_type(data)
    if len(data) > MAX_PAPER:
        raise Unreadable("too_big")
    if media == recognise.PDF:
        from vault.readers.files.place import pdf

        return pdf.without(data)
    cleaned = data
    if media == recognise.JPEG:
        from vault.readers.files.place import jpeg

        cleaned = jpeg.without(data)
    elif media == recognise.PNG:
        from vault.readers.files.place import png

        cleaned = png.without(data)
    elif media == recognise.HEIC:
        from vault.readers.files.place import heif

        cleaned = heif.without(data)
    return ("none" if cleaned == data else "removed"), cleaned
