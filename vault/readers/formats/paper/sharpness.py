"""Measure the sharpness of a page: the steepness of its edges, relative to their contrast, at a fixed size.

On two printed pages with artificial blur, shadow and telephone noise, a blur of 0.25 mm on an A4 page passes and one
of 0.6 mm fails, well after small letters have merged. Between the two, and without contrast, the check is
inconclusive.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vault.readers.reading import Outcome

#: The longest side of the measured image: about 145 pixels per inch for an A4 sheet.
SIDE = 1700
BLOCK = 16
#: The least difference in grey made by ink, in the best hundredth of the blocks.
CONTRAST = 30
BLURRED, SHARP = 0.215, 0.25


def sharpness(grey: Image.Image) -> Outcome:
    steepness = _steepness(grey)
    if steepness is None or BLURRED <= steepness < SHARP:
        return "inconclusive"
    return "passed" if steepness >= SHARP else "failed"


def _steepness(grey: Image.Image) -> float | None:
    """Return the steepest step of the blocks with the strongest edges, relative to the contrast of each block."""
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
    strongest = _percentile(contrast, 99)
    if strongest < CONTRAST:
        return None
    kept = contrast > strongest / 2
    return _percentile(steps[kept] / contrast[kept], 75)


def _percentile(values: NDArray[np.float32], rank: float) -> float:
    """Do what `np.percentile` does, without loading `numpy.ma`: it takes a tenth of a reading."""
    return float(np.interp(rank / 100 * (values.size - 1), np.arange(values.size), np.sort(values, axis=None)))
