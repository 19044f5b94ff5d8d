"""Maps drawn on the server: zones shaded by a figure, and arrows between zones. Shapes come as GeoJSON.

Borders are simplified arc by arc, so that two zones keep the same line between them and 300 zones stay light. A hidden
zone is hatched. Shades have one hue, from pale to dark: they can be told apart in grey too, and the table says all.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.pages.charts import FONT, INK, PINE, Text, text_at

WIDTH, SMALL = 700, 252
#: Shades, from pale to dark, then the names written on them.
SHADES = ("#e5efe9", "#b5d3c8", "#6fa597", "#2f7069", "#0d3f3d")
LAND, EDGE, GREY = "#f3ede2", "#b9ad98", "#6b6f76"
#: Zones of which each has its name on it.
NAMES = 12
#: Zones that a pointer can meet: with more of them, a page of results would be too heavy.
TIPS = 60
#: Half of a letter's width, about.
LETTER = 4.5
#: Arrows of a wide drawing, and of a narrow one.
ARROWS, FEW_ARROWS = 9, 5
#: Points of all borders together, about.
POINTS = 4_500

Point = tuple[int, int]
Ring = list[Point]


@dataclass(frozen=True)
class Zone:
    """One zone. `step`: its shade, 0 to 4, or None if its figure is hidden. `said`: its figure with its margin."""

    code: str
    label: str
    geometry: Mapping[str, Any] | None
    step: int | None = None
    said: str = ""


@dataclass(frozen=True)
class Flow:
    start: str
    end: str
    value: float
    text: str
    is_subject: bool = False


@dataclass(frozen=True)
class Map:
    """Context of components/map.html. `legend`: a list of {shade, label}."""

    wide: SafeString
    narrow: SafeString
    legend: list[dict[str, object]]


def can_draw(zones: Iterable[Zone]) -> bool:
    """Return whether every zone has a shape."""
    found = [_rings(zone.geometry) for zone in zones]
    return bool(found) and all(found)


def choropleth(*, zones: Sequence[Zone], title: Text, description: Text, legend: Sequence[Text], hidden: Text) -> Map:
    """Shade zones by the step of each. One drawing serves both widths: the narrow one shows no name.

    A pointer reads the name and the figure of each zone, if they are not too many. Names are written on few zones,
    or on one of the palest and one of the darkest.

    Args:
        legend: the words of each shade, from pale to dark.
        hidden: the words of the hatching.
    """
    shapes, height = _fitted(zones, WIDTH)
    key = _key(title, description)
    parts = [
        f'<defs><pattern id="{key}-h" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="hatch-bg" fill="{LAND}" width="7" height="7"/>'
        f'<path class="hatch-line" stroke="{GREY}" stroke-width="1.5" d="M0 0V7"/></pattern></defs>'
        '<g class="zone" stroke="#fff" stroke-width="2">'
    ]
    for zone in zones:
        path = "".join(map(_path, shapes[zone.code]))
        shade = f'fill="url(#{key}-h)"' if zone.step is None else f'class="q{zone.step + 1}"'
        tip = f"{zone.label}\N{NO-BREAK SPACE}: {zone.said}" if len(zones) <= TIPS else ""
        end = f"><title>{escape(tip)}</title></path>" if tip else "/>"
        parts.append(f'<path {shade} d="{path}"{end}')
    names = "".join(_name(zone, _middle(shapes[zone.code]), "civic-map__label") for zone in _named(zones))
    svg = _svg(WIDTH, height, key, title, description, "".join([*parts, "</g>", names]), "")
    said: list[dict[str, object]] = [{"shade": place + 1, "label": label} for place, label in enumerate(legend)]
    if any(zone.step is None for zone in zones):
        said.append({"shade": None, "label": hidden, "pattern": f"{key}-h"})
    return Map(svg, SafeString(), said)


def _named(zones: Sequence[Zone]) -> list[Zone]:
    """Return the zones whose names fit: all of a few, or one of the palest and one of the darkest."""
    if len(zones) <= NAMES:
        return list(zones)
    shaded = sorted((zone for zone in zones if zone.step is not None), key=lambda zone: zone.step or 0)
    return [shaded[0], shaded[-1]] if len(shaded) > 1 else shaded


def _name(zone: Zone, at: tuple[float, float], kind: str = "") -> str:
    """Write a zone's name in its middle, and its figure with the margin below, if it is not hidden."""
    x, y = at
    shown = zone.step is not None
    below = (
        f'<tspan x="{x:.0f}" dy="1.2em" font-weight="400">{escape(zone.said)}</tspan>' if zone.said and shown else ""
    )
    return (
        f'<text class="t-name {kind}" font-weight="700" fill="{INK}" text-anchor="middle" x="{x:.0f}" y="{y:.0f}">'
        f"{escape(zone.label)}{below}</text>"
    )


def flows(*, zones: Sequence[Zone], arrows: Sequence[Flow], title: Text, description: Text) -> Map:
    """Draw the largest arrows between zones, as wide as their value. A zone's own trips are not drawn."""
    ordered = sorted((one for one in arrows if one.start != one.end), key=lambda one: -one.value)
    drawings = []
    for width, most, name in ((WIDTH, ARROWS, "wide"), (SMALL, FEW_ARROWS, "narrow")):
        shapes, height = _fitted(zones, width)
        key = name[0] + _key(title, description)
        content = _land(shapes) + _arrows(zones, shapes, ordered[:most], width)
        drawings.append(_svg(width, height, key, title, description, content, name))
    return Map(drawings[0], drawings[1], [])


def steps(values: Sequence[float], most: int = 5) -> tuple[list[float], list[int]]:
    """Return the bounds between shades, round numbers, and the shade of each value."""
    low, high = min(values), max(values)
    width = _nice((high - low) / most) if high > low else 1.0
    first = math.floor(low / width) * width
    while (high - first) / width >= most:
        width = _nice(width * 1.01)
        first = math.floor(low / width) * width
    bounds = [first + width * place for place in range(1, most)]
    return bounds, [sum(value >= bound for bound in bounds) for value in values]


def _nice(width: float) -> float:
    power = 10.0 ** math.floor(math.log10(width))
    return next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= width * (1 - 1e-9))


def _rings(geometry: Mapping[str, Any] | None) -> list[list[tuple[float, float]]]:
    """Return the rings of a polygon or of several, or nothing if the shape is another one."""
    try:
        geojson = dict(geometry or {})
        shape: Any = geojson["coordinates"]
        polygons = {"Polygon": [shape], "MultiPolygon": shape}[geojson["type"]]
        found = [[(float(one[0]), float(one[1])) for one in ring] for polygon in polygons for ring in polygon]
    except (KeyError, TypeError, ValueError, IndexError):
        return []
    fine = all(len(ring) > 3 and all(map(math.isfinite, (v for point in ring for v in point))) for ring in found)
    return found if fine else []


def _fitted(zones: Sequence[Zone], width: int) -> tuple[dict[str, list[Ring]], int]:
    """Return each zone's rings in pixels, simplified, and the height of the drawing."""
    rings = {zone.code: _rings(zone.geometry) for zone in zones}
    points = [point for found in rings.values() for ring in found for point in ring]
    west, south = (min(point[axis] for point in points) for axis in (0, 1))
    east, north = (max(point[axis] for point in points) for axis in (0, 1))
    # A degree of longitude is shorter than one of latitude; plain coordinates in metres are far above 90.
    squeeze = math.cos(math.radians((south + north) / 2)) if abs(south) <= 90 and abs(north) <= 90 else 1.0
    scale = (width - 12) / max((east - west) * squeeze, (north - south) * 1.1, 1e-9)
    shift = (width - (east - west) * squeeze * scale) / 2

    def place(point: tuple[float, float]) -> Point:
        return round(shift + (point[0] - west) * squeeze * scale), round(6 + (north - point[1]) * scale)

    placed = {code: [_distinct(map(place, ring)) for ring in found] for code, found in rings.items()}
    return _simplified(placed), round((north - south) * scale) + 12


def _distinct(points: Iterable[Point]) -> Ring:
    """Return a ring without its repeated points, nor the last one, which is the first again."""
    found: Ring = []
    for point in points:
        if not found or found[-1] != point:
            found.append(point)
    return found[:-1] if len(found) > 1 and found[0] == found[-1] else found


def _simplified(placed: dict[str, list[Ring]]) -> dict[str, list[Ring]]:
    """Drop points of borders until about `POINTS` are left, the same ones on both sides of a border."""
    total = sum(len(ring) for rings in placed.values() for ring in rings)
    nodes = _nodes(placed)
    tolerance = 0.6
    found = placed
    while total > POINTS and tolerance < 8:
        found = {code: [_along(ring, nodes, tolerance) for ring in rings] for code, rings in placed.items()}
        total = sum(len(ring) for rings in found.values() for ring in rings)
        tolerance *= 1.5
    return found


def _nodes(placed: dict[str, list[Ring]]) -> set[Point]:
    """Return the points where borders meet: their neighbours are not the same two for every ring."""
    around: dict[Point, set[frozenset[Point]]] = defaultdict(set)
    for rings in placed.values():
        for ring in rings:
            for place, point in enumerate(ring):
                around[point].add(frozenset((ring[place - 1], ring[(place + 1) % len(ring)])))
    return {point for point, pairs in around.items() if len(pairs) > 1}


def _along(ring: Ring, nodes: set[Point], tolerance: float) -> Ring:
    """Simplify a ring between its nodes. A ring without any is cut at two of its own points."""
    starts = [place for place, point in enumerate(ring) if point in nodes]
    if len(starts) < 2:
        first = min(range(len(ring)), key=lambda place: ring[place])
        starts = sorted({*starts, first, (first + len(ring) // 2) % len(ring)})
    found: Ring = []
    for place, start in enumerate(starts):
        end = starts[(place + 1) % len(starts)]
        arc = ring[start : end + 1] if end > start else [*ring[start:], *ring[: end + 1]]
        # Both sides walk an arc in opposite ways: it is simplified in one.
        found += _kept(arc, tolerance)[:-1] if arc[0] <= arc[-1] else _kept(arc[::-1], tolerance)[::-1][:-1]
    return found if len(found) > 2 else ring


def _kept(arc: Ring, tolerance: float) -> Ring:
    """Return the points of an arc that are further than the tolerance from the line without them."""
    kept, waiting = {0, len(arc) - 1}, [(0, len(arc) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        far, distance = max(
            ((place, _distance(arc[place], arc[first], arc[last])) for place in range(first + 1, last)),
            key=lambda one: one[1],
        )
        if distance > tolerance:
            kept.add(far)
            waiting += [(first, far), (far, last)]
    return [arc[place] for place in sorted(kept)]


def _distance(point: Point, start: Point, end: Point) -> float:
    across, up = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, up)
    if not length:
        return math.hypot(point[0] - start[0], point[1] - start[1])
    return abs(across * (start[1] - point[1]) - up * (start[0] - point[0])) / length


def _path(ring: Ring) -> str:
    """Return a ring as a path of short steps."""
    return "M" + f"{ring[0][0]} {ring[0][1]}" + "l" + _steps(ring) + "z"


def _steps(ring: Ring) -> str:
    steps = ""
    for before, after in zip(ring, ring[1:], strict=False):
        for value in (after[0] - before[0], after[1] - before[1]):
            steps += f"{value}" if value < 0 or not steps else f" {value}"
    return steps


def _middle(rings: Sequence[Ring]) -> tuple[float, float]:
    """Return the centre of a zone's largest ring."""
    ring = max(rings, key=lambda one: abs(_area(one)))
    area = _area(ring)
    if not area:
        return float(ring[0][0]), float(ring[0][1])
    across = up = 0.0
    for (x, y), (next_x, next_y) in _sides(ring):
        cross = x * next_y - next_x * y
        across, up = across + (x + next_x) * cross, up + (y + next_y) * cross
    return across / (6 * area), up / (6 * area)


def _area(ring: Ring) -> float:
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in _sides(ring)) / 2


def _sides(ring: Ring) -> Iterator[tuple[Point, Point]]:
    yield from zip(ring, [*ring[1:], ring[0]], strict=True)


def _land(shapes: dict[str, list[Ring]]) -> str:
    paths = "".join(_path(ring) for rings in shapes.values() for ring in rings)
    return f'<path class="land-edge land-fill" fill="{LAND}" stroke="{EDGE}" stroke-width="2" d="{paths}"/>'


def _arrows(zones: Sequence[Zone], shapes: dict[str, list[Ring]], arrows: Sequence[Flow], width: int) -> str:
    middles = {code: _middle(rings) for code, rings in shapes.items()}
    most = max((one.value for one in arrows), default=1.0)
    widest = 22 if width == WIDTH else 14
    lines, pills = "", ""
    named = zones if width == WIDTH else []
    taken = [(round(x), round(y) - 13, LETTER * len(zone.label)) for zone in named for x, y in [middles[zone.code]]]
    for one in reversed(arrows):
        thick = max(2.5, widest * one.value / most)
        line, at = _arrow(middles[one.start], middles[one.end], thick, "f1" if one.is_subject else "f5")
        lines += line
        pills += _pill(*_clear(at, _half(one.text), taken), one.text)
    names = "".join(_name(zone, (x, y - 8)) for zone in named for x, y in [middles[zone.code]])
    return lines + names + pills


def _arrow(start: tuple[float, float], end: tuple[float, float], thick: float, tone: str) -> tuple[str, Point]:
    """Return a curved arrow with a white edge, and where its value goes. Both ways between two zones stay apart."""
    across, up = end[0] - start[0], end[1] - start[1]
    length = max(math.hypot(across, up), 1.0)
    unit, side = (across / length, up / length), (-up / length, across / length)
    bend = length * 0.16 + 4
    head = 6 + thick * 0.9
    first = (start[0] + unit[0] * min(18, length / 6), start[1] + unit[1] * min(18, length / 6))
    top = (end[0] - unit[0] * min(16, length / 6), end[1] - unit[1] * min(16, length / 6))
    control = ((first[0] + top[0]) / 2 + side[0] * bend, (first[1] + top[1]) / 2 + side[1] * bend)
    way = (top[0] - control[0], top[1] - control[1])
    size = max(math.hypot(*way), 1.0)
    way = (way[0] / size, way[1] / size)
    last = (top[0] - way[0] * head, top[1] - way[1] * head)
    left, right = (
        (last[0] - way[1] * sign * (thick / 2 + 4), last[1] + way[0] * sign * (thick / 2 + 4)) for sign in (1, -1)
    )
    curve = f"M{first[0]:.1f} {first[1]:.1f}Q{control[0]:.1f} {control[1]:.1f} {last[0]:.1f} {last[1]:.1f}"
    point = f"M{left[0]:.1f} {left[1]:.1f}L{top[0]:.1f} {top[1]:.1f} {right[0]:.1f} {right[1]:.1f}z"
    colour = PINE if tone == "f1" else GREY
    line = (
        f'<path class="flow-halo" fill="none" stroke="#fff" stroke-width="{thick + 4:.1f}" d="{curve}"/>'
        f'<path class="flow {tone}" fill="none" stroke="{colour}" stroke-width="{thick:.1f}" d="{curve}"/>'
        f'<path class="flow-head {tone}" fill="{colour}" stroke="#fff" d="{point}"/>'
    )
    at = ((first[0] + 2 * control[0] + last[0]) / 4, (first[1] + 2 * control[1] + last[1]) / 4)
    return line, (round(at[0]), round(at[1]))


def _clear(at: Point, half: float, taken: list[tuple[int, int, float]]) -> Point:
    """Move a value down until it covers no other one, and no name. `half`: of its width."""
    while any(abs(at[0] - x) < half + other and abs(at[1] - y) < 24 for x, y, other in taken):
        at = (at[0], at[1] + 8)
    taken.append((*at, half))
    return at


def _half(text: str) -> float:
    return 5 + len(text) * LETTER


def _pill(x: int, y: int, text: str) -> str:
    half = _half(text)
    return (
        f'<rect class="pill" fill="#fff" stroke="{GREY}" x="{x - half:.1f}" y="{y - 11}" width="{half * 2:.1f}"'
        f' height="22" rx="11"/>' + text_at(x, y + 5, text, bold=True, anchor="middle")
    )


def _key(title: Text, description: Text) -> str:
    return "m" + sha256(f"{title}|{description}".encode()).hexdigest()[:10]


def _svg(width: int, height: int, key: str, title: Text, description: Text, content: str, name: str) -> SafeString:
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" font-family="{}" font-size="15" role="img" aria-labelledby="{}-t"'
        ' aria-describedby="{}-d"><title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        *(name or "both", width, height, FONT, key, key, key, title, key, description),
        mark_safe(content),  # noqa: S308 - numbers and escaped words
    )
