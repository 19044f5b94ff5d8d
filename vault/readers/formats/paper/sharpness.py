"""Is a page sharp enough to be read? How steep its edges are, against their own contrast, on an image of one size.

Of two printed pages blurred on purpose, in shadow and with the noise of a telephone, a blur of 0.25 mm on an A4 page passes, and one of
0.6 mm fails: small letters have melted into each other well before. Between the two it may not be said. A page without contrast says
nothing either.
"""

import numpy as np
from PIL import Image, ImageFilter

from vault.readers.reading import Outcome

#: The longest side that a page is looked at on: some 145 points per inch for an A4 sheet.
SIDE = 1700
BLOCK = 16
#: The difference in grey that ink makes at least, in the best hundredth of the blocks.
CONTRAST = 30
BLURRED, SHARP = 0.215, 0.25


def sharpness(grey: Image.Image) -> Outcome:
    steepness = _steepness(grey)
    if steepness is None or BLURRED <= steepness < SHARP:
        return "inconclusive"
    return "passed" if steepness >= SHARP else "failed"


def _steepness(grey: Image.Image) -> float | None:
    """Of the blocks with the strongest edges: the steepest step of each, as a part of what lies between its darkest and lightest point."""
    small = grey.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    points = np.asarray(small.filter(ImageFilter.GaussianBlur(1)), np.float32)
    rows, columns = (points.shape[0] - 1) // BLOCK, (points.shape[1] - 1) // BLOCK
    if not rows or not columns:
        return None
    shape = (rows, BLOCK, columns, BLOCK)
    height, width = rows * BLOCK, columns * BLOCK
    down, across = np.abs(np.diff(points, axis=0))[:height, :width], np.abs(np.diff(points, axis=1))[:height, :width]
    steps = np.maximum(down, across).reshape(shape).max((1, 3))
    blocks = points[:height, :width].reshape(shape)
    contrast = blocks.max((1, 3)) - blocks.min((1, 3))
    strongest = float(np.percentile(contrast, 99))
    if strongest < CONTRAST:
        return None
    kept = contrast > strongest / 2
    return float(np.percentile(steps[kept] / contrast[kept], 75))
