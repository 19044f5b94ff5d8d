"""How a text fits its place: the size and the lines, by the widths of the font that draws them.

Nothing is cut or shrunk until it cannot be read: what does not fit is refused.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.pdf import FONTS

FONT = FONTS / "public-sans-400.ttf"
LARGEST, SMALLEST, STEP = 10.0, 6.5, 0.5
#: Height of a line, in its size; space kept on the left and right, and above several lines, in points.
LEADING, MARGIN = 1.2, 1.5


class DoesNotFit(Exception):
    """The text is too long for its place."""


class NoLetter(Exception):
    """The font lacks a character."""

    def __init__(self, letter: str) -> None:
        super().__init__(letter)
        self.letter = letter


@dataclass(frozen=True, slots=True)
class Fitted:
    size: float
    lines: Sequence[str]


def plain(text: str) -> str:
    """Return the text with one space between words and composed letters, as the font has them."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def one_line(text: str, *, width: float, height: float) -> Fitted:
    """Raises DoesNotFit, NoLetter."""
    return _fit(text, width, height, most=1)


def several_lines(text: str, *, width: float, height: float) -> Fitted:
    """Raises DoesNotFit, NoLetter."""
    return _fit(text, width, height, most=100)


def in_cells(text: str, *, cells: int, width: float, height: float) -> Fitted:
    """Return one character for each cell.

    Raises:
        DoesNotFit, NoLetter
    """
    letters = [letter for letter in plain(text) if letter != " "]
    if len(letters) > cells:
        raise DoesNotFit
    size = min(LARGEST, max(SMALLEST, height * 0.8))
    while size > SMALLEST and any(width_of(letter, size) > width / cells for letter in letters):
        size -= STEP
    return Fitted(size, letters)


def width_of(text: str, size: float) -> float:
    """Return the width in points. Raises NoLetter."""
    cmap, widths, em = _metrics()
    total = 0
    for letter in text:
        if ord(letter) not in cmap:
            raise NoLetter(letter)
        total += widths[cmap[ord(letter)]][0]
    return total * size / em


def _fit(text: str, width: float, height: float, *, most: int) -> Fitted:
    words, room = plain(text).split(" "), width - 2 * MARGIN
    size = min(LARGEST, max(SMALLEST, height * 0.8 if most == 1 else LARGEST))
    while size >= SMALLEST:
        lines = _wrapped(words, room, size) if most > 1 else [" ".join(words)]
        fits = all(width_of(line, size) <= room for line in lines)
        if fits and (most == 1 or len(lines) * LEADING * size + MARGIN <= height):
            return Fitted(size, lines)
        size -= STEP
    raise DoesNotFit


def _wrapped(words: Sequence[str], room: float, size: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if width_of(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@lru_cache(maxsize=1)
def _metrics() -> tuple[dict[int, str], dict[str, tuple[int, int]], int]:
    from fontTools.ttLib import TTFont  # loads in 50 ms, and most processes draw no form

    font = TTFont(FONT)
    return font.getBestCmap(), dict(font["hmtx"].metrics), font["head"].unitsPerEm
