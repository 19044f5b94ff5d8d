"""Straighten a photo of a sheet: rotate it by its code or its lines of text, correct perspective by the sheet's edges.

Only the displayed image is straightened, never the file. No part of the photo is cut off, so that wrongly detected
edges hide nothing. Uncertain photos are left unchanged.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

#: The longest side of the images searched for codes, for lines of text and for the edges of the sheet.
LOOK_SIDE, LINE_SIDE, EDGE_SIDE = 2000, 1600, 320
CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode])
#: The sheet's share of the photo: a smaller one may be something else, a larger one has no visible edges.
SHEET = (0.2, 0.97)
#: The share of the sheet's side that the straightened photo may extend beyond it.
AROUND = 0.6
#: The ink of text is at least this many times more uneven down the page than across it.
CLEARLY = 3.0
#: The share of ink above the lines: below the first bound the page is upside down, above the second it is upright.
#: Letters rise above their line more often than they hang below it.
RISING = (0.42, 0.58)
FEWEST_LINES = 8
STRIPS = 6
#: The width of a sliding strip, in pixels: at the widest turn its ink is smeared over one pixel.
SLICE = 4
#: The height of a line of text, in pixels of the searched image.
LETTERS = (7, 45)

Corners = list[tuple[float, float]]
Points = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Turn:
    """A correction of a photo.

    `edges` has the sheet's corners, clockwise, as parts of the photo's size; without edges, `skew` is in degrees.
    Quarter turns to the left come last.
    """

    edges: Corners | None = None
    skew: float = 0.0
    quarters: int = 0

    def of(self, image: Image.Image) -> Image.Image:
        straight = _flattened(image, self.edges) if self.edges else image
        if self.skew:
            straight = straight.rotate(self.skew, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        return straight.transpose(_QUARTERS[self.quarters]) if self.quarters else straight


_QUARTERS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


def look(grey: Image.Image) -> Turn:
    edges = _edges(grey)
    flat = _sheet(grey, edges) if edges else grey
    marks = _ink(flat)
    skew, quarters = _by_lines(marks, widest=3 if edges else 15)
    angle = _code_angle(flat)
    if angle is None:
        return Turn(edges, skew, quarters)
    quarters = round(angle / 90) % 4
    rest = (angle + 45) % 90 - 45
    return Turn(edges, 0.0 if edges or abs(rest) < 1 else rest, quarters)


def _code_angle(grey: Image.Image) -> float | None:
    """Return the degrees to turn to the left for the first code found to be upright, or None without a code."""
    for found in zxingcpp.read_barcodes(grey, formats=CODES):
        place = found.position
        right = place.top_right.x - place.top_left.x + place.bottom_right.x - place.bottom_left.x
        down = place.top_right.y - place.top_left.y + place.bottom_right.y - place.bottom_left.y
        return math.degrees(math.atan2(down, right))
    return None


# ---------- the edges of the sheet


def _edges(grey: Image.Image) -> Corners | None:
    """Find the corners of the sheet: the light area connected to the middle of the photo, if it has four sides."""
    small = grey.copy()
    small.thumbnail((EDGE_SIDE, EDGE_SIDE), Image.Resampling.BOX)
    points = np.asarray(small.filter(ImageFilter.MedianFilter(5)))
    light = Image.fromarray(np.where(points > _threshold(points), 255, 0).astype(np.uint8))
    light = light.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.MinFilter(9))
    middle = (light.width // 2, light.height // 2)
    if light.getpixel(middle) == 0:
        return None
    rows, columns = np.nonzero(_joined(np.asarray(light) > 0, middle))
    if not SHEET[0] < len(rows) / points.size < SHEET[1]:
        return None
    corners = _corners(columns, rows)
    if not 0.9 < _area(corners) / len(rows) < 1.1:
        return None
    edges = [(x / light.width, y / light.height) for x, y in corners]
    return edges if _fits(edges) else None


def _joined(light: Points, start: tuple[int, int]) -> Points:
    """Return the light area connected to the starting point, by sweeps from each edge until a round adds nothing.

    A sweep handles whole rows: Pillow's own flood fill, pixel by pixel, takes twenty times as long.
    """
    reached = np.zeros_like(light)
    reached[start[1], start[0]] = True
    before = 0
    while (now := int(reached.sum())) > before:
        before = now
        for ground, kept in ((light, reached), (light.T, reached.T)):
            for order in (range(1, len(kept)), range(len(kept) - 2, -1, -1)):
                step = -1 if order.step > 0 else 1
                for row in order:
                    kept[row] |= kept[row + step] & ground[row]
    return reached


def _corners(x: Points, y: Points) -> Corners:
    """Return the corners of an area: the furthest points along the diagonals of its smallest enclosing frame."""
    frames = []
    for degrees in range(0, 90, 3):
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        across, down = x * cosine + y * sine, y * cosine - x * sine
        frames.append((np.ptp(across) * np.ptp(down), degrees, across, down))
    _size, _degrees, across, down = min(frames, key=lambda frame: frame[:2])
    across, down = (across - across.min()) / max(np.ptp(across), 1), (down - down.min()) / max(np.ptp(down), 1)
    furthest = (np.argmin(across + down), np.argmax(across - down), np.argmax(across + down), np.argmin(across - down))
    return [(float(x[place]), float(y[place])) for place in furthest]


def _area(corners: Corners) -> float:
    following = [*corners[1:], corners[0]]
    return abs(sum(x * below - after * y for (x, y), (after, below) in zip(corners, following, strict=True))) / 2


def _threshold(points: Points) -> int:
    """Return Otsu's threshold, the grey that best separates light from dark."""
    counts = np.bincount(points.ravel(), minlength=256).astype(float)
    below, weighed = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (weighed[-1] * below / below[-1] - weighed) ** 2 / (below * (below[-1] - below))
    return int(np.nanargmax(apart)) if np.isfinite(apart).any() else 255


# ---------- perspective


def _flattened(image: Image.Image, edges: Corners) -> Image.Image:
    """Transform the whole photo so that the sheet is a rectangle."""
    size, left, top, width, height = _frame(image.width, image.height, edges)
    shifted = [(-left, -top), (size[0] - left, -top), (size[0] - left, size[1] - top), (-left, size[1] - top)]
    back = _projection(shifted, _on(image.width, image.height, edges))
    return image.transform(
        (width, height), Image.Transform.PERSPECTIVE, tuple(back), Image.Resampling.BICUBIC, fillcolor="white"
    )


def _sheet(image: Image.Image, edges: Corners) -> Image.Image:
    """Return the straightened sheet alone, without the lines of the table around it."""
    (across, down), *_around = _frame(image.width, image.height, edges)
    size = (round(across), round(down))
    back = _projection([(0, 0), (across, 0), (across, down), (0, down)], _on(image.width, image.height, edges))
    return image.transform(size, Image.Transform.PERSPECTIVE, tuple(back), Image.Resampling.BICUBIC)


def _fits(edges: Corners) -> bool:
    try:
        (across, down), left, top, width, height = _frame(1000, 1000, edges)
    except (np.linalg.LinAlgError, ValueError):
        return False
    return (
        min(left / across, top / down) >= -AROUND
        and (width + left) / across <= 1 + AROUND
        and (height + top) / down <= 1 + AROUND
    )


def _frame(width: int, height: int, edges: Corners) -> tuple[tuple[float, float], float, float, int, int]:
    """Return the straightened sheet's size, then the photo's left, top, width and height from the sheet's corner.

    Raises:
        ValueError: a part of the photo would be behind the camera.
    """
    corners = _on(width, height, edges)
    sides = [math.dist(one, corners[(place + 1) % 4]) for place, one in enumerate(corners)]
    across, down = max(1.0, (sides[0] + sides[2]) / 2), max(1.0, (sides[1] + sides[3]) / 2)
    to_sheet = _projection(corners, [(0, 0), (across, 0), (across, down), (0, down)])
    placed = []
    for x, y in _on(width, height, [(0, 0), (1, 0), (1, 1), (0, 1)]):
        depth = to_sheet[6] * x + to_sheet[7] * y + 1
        if depth <= 0:
            raise ValueError("behind")
        placed.append(
            (
                (to_sheet[0] * x + to_sheet[1] * y + to_sheet[2]) / depth,
                (to_sheet[3] * x + to_sheet[4] * y + to_sheet[5]) / depth,
            )
        )
    xs, ys = zip(*placed, strict=True)
    return (across, down), min(xs), min(ys), round(max(xs) - min(xs)), round(max(ys) - min(ys))


def _on(width: int, height: int, parts: Corners) -> Corners:
    return [(x * width, y * height) for x, y in parts]


def _projection(places: Corners, images: Corners) -> Points:
    """Return the eight coefficients of the projection from places to images, in Pillow's order."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(places, images, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(wanted, float))


# ---------- lines of text


def _by_lines(marks: Image.Image, *, widest: int) -> tuple[float, int]:
    """Return skew and quarter turns, from the lines of text and the letters above them; zeros if uncertain."""
    lying, standing = marks, marks.transpose(Image.Transpose.ROTATE_90)
    level, upended = _most_level(lying, widest), _most_level(standing, widest)
    if max(level[0], upended[0]) < CLEARLY * min(level[0], upended[0]):
        return 0.0, 0
    turned = upended[0] > level[0]
    skew = (upended if turned else level)[1]
    rising, lines = _rising((standing if turned else lying).rotate(skew, expand=True))
    if lines < FEWEST_LINES or RISING[0] <= rising <= RISING[1]:
        return (0.0, 0) if turned else (float(skew), 0)
    return float(skew), int(turned) + 2 * int(rising < RISING[0])


def _ink(grey: Image.Image) -> Image.Image:
    """Return the pixels darker than their surroundings, except at the photo's edge."""
    small = grey.copy()
    small.thumbnail((LINE_SIDE, LINE_SIDE), Image.Resampling.BOX)
    around = np.asarray(small.filter(ImageFilter.BoxBlur(12)), np.float32)
    dark = np.asarray(small, np.float32) < around * 0.82 - 4
    rim = max(2, min(small.size) // 40)
    dark[:rim], dark[-rim:], dark[:, :rim], dark[:, -rim:] = False, False, False, False
    return Image.fromarray((dark * 255).astype(np.uint8))


def _most_level(marks: Image.Image, widest: int) -> tuple[float, int]:
    """Return the highest unevenness of ink between rows, and the turn in degrees that gives it."""
    half = marks.resize((max(1, marks.width // 2), max(1, marks.height // 2)), Image.Resampling.BOX)
    strips = _strips(half)
    found = ((_unevenness(_slid(strips, turn)), turn) for turn in range(-widest, widest + 1))
    return max(found, key=lambda one: (one[0], -abs(one[1])))


def _strips(marks: Image.Image) -> Points:
    """Return the ink of each row of each vertical strip. Sliding strips emulate a rotation at a tenth of its cost."""
    points = np.asarray(marks, np.float64)
    padded = np.pad(points, ((0, 0), (0, -points.shape[1] % SLICE)))
    strips: Points = padded.reshape(len(points), -1, SLICE).sum(2)
    return strips


def _slid(strips: Points, turn: int) -> Points:
    """Return the ink of each row of the page turned to the left."""
    rows, count = strips.shape
    shifts = np.round((np.arange(count) - count / 2) * SLICE * math.tan(math.radians(turn))).astype(int)
    places = np.arange(rows)[:, None] - (shifts - shifts.max())
    sums: Points = np.bincount(places.ravel(), weights=strips.ravel())
    return sums


def _unevenness(rows: Points) -> float:
    total = rows.sum()
    return float((np.diff(rows) ** 2).sum() / total**2 * len(rows)) if total else 0.0


def _rising(marks: Image.Image) -> tuple[float, int]:
    """Return the share of ink above the lines, of the ink just outside their middles, and the number of lines.

    Strips are measured one by one, since columns of text may not be aligned.
    """
    found = [_outside(strip.sum(1).astype(float)) for strip in np.array_split(np.asarray(marks) > 127, STRIPS, axis=1)]
    above, below, lines = (sum(part) for part in zip(*found, strict=True))
    return (above / (above + below) if above + below else 0.5), int(lines)


def _outside(rows: Points) -> tuple[float, float, int]:
    inked = rows > max(1.0, 0.1 * float(np.percentile(rows, 98)))
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], inked.astype(int), [0]])))
    above = below = 0.0
    lines = 0
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        if not LETTERS[0] <= end - start <= LETTERS[1]:
            continue
        band = rows[start:end]
        core = np.flatnonzero(band > 0.5 * band.max())
        first, last = start + core[0], start + core[-1] + 1
        reach = max(2, int(0.6 * (last - first)))
        above += rows[max(0, first - reach) : first].sum()
        below += rows[last : last + reach].sum()
        lines += 1
    return above, below, lines
