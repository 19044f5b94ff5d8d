"""Draw the recipient and the purpose in the pixels of each page image, so that the mark cannot be removed as a layer
can.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from PIL import Image, ImageDraw, ImageFont

from core.pdf import FONTS
from services.dossiers.pdf.content import Box, PageImage

ANGLE = 25
INK = (23, 82, 79)
# Opacities out of 255: dark enough to survive a photocopy, light enough to read a payslip beneath. Two lines in three
# are lighter.
STRENGTHS = (104, 74, 74)
QUALITY = 75
# A code covers a fiftieth of a page. A zone over a tenth is not a code, so it is marked like the rest.
LARGEST_CLEAR = 0.1
# Larger images could exhaust memory; the readers' own limit is lower.
MAX_PIXELS = 25_000_000


class Watermark:
    """One text, with one cached mask per page size: drawing takes ten times longer than pasting."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())
        self._masks: dict[tuple[int, int], Image.Image] = {}

    def stamp(self, page: PageImage) -> PageImage:
        with Image.open(io.BytesIO(page.jpeg)) as source:
            if source.width * source.height > MAX_PIXELS:
                raise ValueError("page image too large")
            image = source.convert("RGB")
        return replace(page, jpeg=self.marked(image, page.clear), width=image.width, height=image.height)

    def marked(self, image: Image.Image, clear: Sequence[Box] = ()) -> bytes:
        """Draw the text on an RGB image, and return it as JPEG."""
        image.paste(INK, (0, 0), self._mask(image.size, clear))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=QUALITY)
        return out.getvalue()

    def _mask(self, size: tuple[int, int], clear: Sequence[Box]) -> Image.Image:
        if size not in self._masks:
            self._masks[size] = self._draw(size)
        clear = [box for box in clear if box.area <= LARGEST_CLEAR * size[0] * size[1]]
        if not clear:
            return self._masks[size]
        mask = self._masks[size].copy()
        for box in clear:
            mask.paste(0, (box.left, box.top, box.right, box.bottom))
        return mask

    def _draw(self, size: tuple[int, int]) -> Image.Image:
        """Draw lines of text on a square that covers the rotated page, then crop the page from its middle."""
        side = math.ceil(math.hypot(*size))
        height = max(14, round(min(size) * 0.022))
        font = self._font(height)
        line = f"{self.text}     "
        line *= math.ceil(2 * side / max(1, font.getlength(line)))
        square = Image.new("L", (side, side))
        draw = ImageDraw.Draw(square)
        for number, top in enumerate(range(0, side, height * 5)):
            draw.text((-number * height * 7 % side - side, top), line, fill=STRENGTHS[number % 3], font=font)
        left, top = (side - size[0]) // 2, (side - size[1]) // 2
        turned = square.rotate(ANGLE, Image.Resampling.BILINEAR)
        return turned.crop((left, top, left + size[0], top + size[1]))

    def _font(self, height: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(io.BytesIO(self._font_file), height)

    @cached_property
    def _font_file(self) -> bytes:
        return (FONTS / "public-sans-600.ttf").read_bytes()
