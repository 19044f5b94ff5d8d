"""Read a paper without a code: stored as a proof, its values typed by the resident. Its text may give its kind."""

from PIL import Image

from vault.readers import sentences
from vault.readers.files.document import Document
from vault.readers.formats.paper import titles
from vault.readers.formats.twoddoc.reader import MAX_PAGES_LOOKED_AT
from vault.readers.reading import Reading, check

FORMAT = "paper"
BLANK = 250


def read(document: Document) -> Reading:
    """Read a paper. If all pages are white, the check of blank files fails."""
    inked = any(_has_ink(image) for image in document.images(limit=MAX_PAGES_LOOKED_AT))
    checks = [
        check("file_not_blank", "passed" if inked else "failed"),
        check("2ddoc_read", "inconclusive"),
        *document.checks(),
    ]
    warnings = [sentences.FIRST_PAGES_ONLY] if document.pages > MAX_PAGES_LOOKED_AT else []
    return Reading(FORMAT, [], checks, warnings, document.pages, document.media_type, titles.kind_of(document.texts()))


def _has_ink(image: Image.Image) -> bool:
    return any(image.histogram()[:BLANK])
