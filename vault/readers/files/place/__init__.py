"""Where a photo was taken is removed from the file that is kept and served. The image itself is not touched: nothing is encoded again.

A photo loses all its metadata but its orientation and its colours: a place hides in Exif, XMP, IPTC, a second image or a film that
telephones append. A PDF is rewritten only when a place is found in it, and never when it is signed: that would break the signature.
Runs in the limited child.
"""

from core.files.sizes import MAX_PAPER
from vault.readers import recognise
from vault.readers.files.place.outcome import Place
from vault.readers.reading import Unreadable

__all__ = ["Place", "without"]


def without(data: bytes) -> tuple[Place, bytes]:
    """Raises Unreadable. The same bytes when there was nothing to remove."""
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
