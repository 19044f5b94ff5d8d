"""A photo of a sheet, shown upright: turned by its code or by its lines of text, pulled straight by the sheet's edges.

Only what is shown is straightened, never the file. No point of the photo is cut away: when the edges were taken for others, the page is
still all there. What is not sure is left as it came.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

#: The longest side of what is looked at: for codes, for lines of text, for the edges of the sheet.
LOOK_SIDE, LINE_SIDE, EDGE_SIDE = 2000, 1600, 320
CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode])
#: A sheet smaller than this part of the photo may be something else; a larger one has no edges to see.
SHEET = (0.2, 0.97)
#: How much of the sheet's side may lie beyond it, once it is straight, for the rest of the photo to fit.
AROUND = 0.6
#: Lines of text are that much more uneven down the page than across it.
CLEARLY = 3.0
#: Letters rise above their line more often than they hang below it: the share of rising ink, from which the page is the right way up.
RISING = (0.42, 0.58)
FEWEST_LINES = 8
STRIPS = 6
#: How wide a strip is that slides, in points: at the widest turn its own ink is smeared over one point.
SLICE = 4
#: How high a line of text is, in points of what is looked at.
LETTERS = (7, 45)

Corners = list[tuple[float, float]]
Points = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Turn:
    """`edges` of the sheet, in parts of the photo's size, clockwise; `skew` in degrees, where there are none; then quarters of a turn to
    the left."""

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
    """By how much to turn to the left for the first code found to stand upright, as it is printed."""
    for found in zxingcpp.read_barcodes(grey, formats=CODES):
        place = found.position
        right = place.top_right.x - place.top_left.x + place.bottom_right.x - place.bottom_left.x
        down = place.top_right.y - place.top_left.y + place.bottom_right.y - place.bottom_left.y
        return math.degrees(math.atan2(down, right))
    return None


# ---------- the edges of the sheet


def _edges(grey: Image.Image) -> Corners | None:
    """The sheet is what is light and joined to the middle of the photo, when that has four sides."""
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
    """What is light and joined to the starting point, side by side: swept from each edge in turn until a whole round adds nothing.

    A sweep hands a whole row of points to the next at once: Pillow's own flood fill, point by point, takes twenty times as long.
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
    """In the frame that holds the sheet most tightly, its corners are the furthest points on the diagonals."""
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
    """Otsu's: the grey that best parts the light from the dark."""
    counts = np.bincount(points.ravel(), minlength=256).astype(float)
    below, weighed = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (weighed[-1] * below / below[-1] - weighed) ** 2 / (below * (below[-1] - below))
    return int(np.nanargmax(apart)) if np.isfinite(apart).any() else 255


# ---------- pulled straight


def _flattened(image: Image.Image, edges: Corners) -> Image.Image:
    """The whole photo, in which the sheet is a rectangle."""
    size, left, top, width, height = _frame(image.width, image.height, edges)
    shifted = [(-left, -top), (size[0] - left, -top), (size[0] - left, size[1] - top), (-left, size[1] - top)]
    back = _projection(shifted, _on(image.width, image.height, edges))
    return image.transform(
        (width, height), Image.Transform.PERSPECTIVE, tuple(back), Image.Resampling.BICUBIC, fillcolor="white"
    )


def _sheet(image: Image.Image, edges: Corners) -> Image.Image:
    """The sheet alone: the table's own lines tell nothing of it."""
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
    """The sheet's size once straight, and where the photo begins, how wide and high it is, measured from the sheet's corner.

    Raises:
        ValueError: a part of the photo would lie behind the eye.
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
    """The eight numbers that bring each place to its image, as Pillow takes them."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(places, images, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(wanted, float))


# ---------- lines of text


def _by_lines(marks: Image.Image, *, widest: int) -> tuple[float, int]:
    """Skew and quarters of a turn: lines are level, and letters rise above them. Nothing where it does not show clearly."""
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
    """Where it is darker than what is around, the photo's own edge aside."""
    small = grey.copy()
    small.thumbnail((LINE_SIDE, LINE_SIDE), Image.Resampling.BOX)
    around = np.asarray(small.filter(ImageFilter.BoxBlur(12)), np.float32)
    dark = np.asarray(small, np.float32) < around * 0.82 - 4
    rim = max(2, min(small.size) // 40)
    dark[:rim], dark[-rim:], dark[:, :rim], dark[:, -rim:] = False, False, False, False
    return Image.fromarray((dark * 255).astype(np.uint8))


def _most_level(marks: Image.Image, widest: int) -> tuple[float, int]:
    """How uneven the ink is from row to row, at the turn in degrees where it is most so."""
    half = marks.resize((max(1, marks.width // 2), max(1, marks.height // 2)), Image.Resampling.BOX)
    strips = _strips(half)
    found = ((_unevenness(_slid(strips, turn)), turn) for turn in range(-widest, widest + 1))
    return max(found, key=lambda one: (one[0], -abs(one[1])))


def _strips(marks: Image.Image) -> Points:
    """The ink of each row in each upright strip: strips slid along each other stand for a page that is turned, at a tenth of the cost."""
    points = np.asarray(marks, np.float64)
    padded = np.pad(points, ((0, 0), (0, -points.shape[1] % SLICE)))
    strips: Points = padded.reshape(len(points), -1, SLICE).sum(2)
    return strips


def _slid(strips: Points, turn: int) -> Points:
    """The ink of each row of the page once it is turned to the left."""
    rows, count = strips.shape
    shifts = np.round((np.arange(count) - count / 2) * SLICE * math.tan(math.radians(turn))).astype(int)
    places = np.arange(rows)[:, None] - (shifts - shifts.max())
    sums: Points = np.bincount(places.ravel(), weights=strips.ravel())
    return sums


def _unevenness(rows: Points) -> float:
    total = rows.sum()
    return float((np.diff(rows) ** 2).sum() / total**2 * len(rows)) if total else 0.0


def _rising(marks: Image.Image) -> tuple[float, int]:
    """Of the ink just outside the middle of each line, the share that is above it; and how many lines there are. Strip by strip: columns
    of text do not stand on one line."""
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
