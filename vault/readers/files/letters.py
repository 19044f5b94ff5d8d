"""Read the printed letters of a photo with Tesseract, a program of the system that may be missing.

It runs inside the limited child, under the same limits, and receives an image that Pillow has decoded: its own parsers
of images never see what somebody sent.
"""

import io
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

#: Where Debian's packages `tesseract-ocr` and `tesseract-ocr-fra` put the program and the French letters.
PROGRAM: Final = Path("/usr/bin/tesseract")
LETTERS: Final = Path("/usr/share/tesseract-ocr/5/tessdata/fra.traineddata")
#: Turn the page upright first: a photo may lie on its side.
UPRIGHT_FIRST: Final = "1"


def can_read() -> bool:
    """Return True if the program and its French letters are installed."""
    return PROGRAM.exists() and LETTERS.exists()


def read(image: "Image.Image") -> str:
    """Return the printed lines of the image, top to bottom. Handwriting gives nothing that makes sense.

    Cost, measured: 1 to 3 s of processor for a page.
    """
    held = io.BytesIO()
    image.convert("L").save(held, "PPM")
    words = [str(PROGRAM), "stdin", "stdout", "-l", "fra", "--psm", UPRIGHT_FIRST]
    alone = {"OMP_THREAD_LIMIT": "1", "LANG": "C.UTF-8"}
    done = subprocess.run(words, input=held.getvalue(), capture_output=True, check=False, env=alone)
    return done.stdout.decode("utf-8", "replace")
