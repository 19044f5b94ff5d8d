"""Read the printed letters of a photo with Tesseract, a program of the system that may be missing.

It runs in a confined child of its own (vault/readers/tesseract.py) and receives an image that Pillow has decoded: its
own parsers of images never see what somebody sent.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

#: Where Debian's packages `tesseract-ocr` and `tesseract-ocr-fra` put the program and the French letters.
PROGRAM: Final = Path("/usr/bin/tesseract")
LETTERS: Final = Path("/usr/share/tesseract-ocr/5/tessdata/fra.traineddata")
#: Turn the page upright first: a photo may lie on its side.
UPRIGHT_FIRST: Final = "1"
WORDS: Final = (str(PROGRAM), "stdin", "stdout", "-l", "fra", "--psm", UPRIGHT_FIRST)


def can_read() -> bool:
    """Return True if the program and its French letters are installed."""
    return PROGRAM.exists() and LETTERS.exists()


def image_of(image: "Image.Image") -> bytes:
    """Return the image as Tesseract reads it, in levels of grey."""
    out = io.BytesIO()
    image.convert("L").save(out, "PPM")
    return out.getvalue()
