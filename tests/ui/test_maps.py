"""Maps: words are escaped, hidden zones are hatched, borders stay shared, 300 zones stay light."""

import itertools
import math
import re

from core.pages import maps
from core.pages.charts import Interval, intervals
from core.pages.maps import Flow, Zone
from tests.campaigns.results.published import square

NASTY = '<script>alert("1")</script>'


def zones(columns, lines, points=1, label="Zone"):
    return [
        Zone(f"z{column}-{line}", label, square(column, line, points), (column + line) % 5)
        for line in range(lines)
        for column in range(columns)
    ]


def shaded(found, **changes):
    words = {"title": "Carte", "description": "Une phrase", "legend": list("abcde"), "hidden": "caché"}
    return maps.choropleth(zones=found, **(words | changes))


def test_labels_are_escaped_in_each_drawing():
    found = zones(2, 2, label=NASTY)
    arrows = [Flow("z0-0", "z1-1", 10, NASTY)]
    drawn = maps.flows(zones=found, arrows=arrows, title=NASTY, description=NASTY)
    bars = intervals(items=[Interval(NASTY, 3, 2, 4)], show=str, title=NASTY, heads=["", "", ""])
    for svg in (shaded(found, title=NASTY, description=NASTY).wide, drawn.wide, drawn.narrow, bars.wide, bars.narrow):
        assert "<script" not in svg
        assert "&lt;script" in svg
        assert "style=" not in svg


def test_a_hidden_zone_is_hatched_and_said_in_the_legend():
    found = [*zones(2, 1), Zone("hidden", "Cachée", square(5, 5), None)]
    drawn = shaded(found)
    assert drawn.wide.count('fill="url(#') == 1
    assert drawn.legend[-1]["label"] == "caché"
    assert "caché" not in [one["label"] for one in shaded(zones(2, 1)).legend]


def test_each_of_few_zones_is_named_and_says_its_figure_with_its_margin():
    found = [Zone(f"z{n}", f"Quartier {n}", square(n, 0), n % 5, f"{n} % ({n - 1} à {n + 1})") for n in range(12)]
    drawn = shaded(found)
    assert drawn.wide.count('class="t-name civic-map__label"') == 12
    assert "<title>Quartier 7\N{NO-BREAK SPACE}: 7 % (6 à 8)</title>" in drawn.wide


def test_of_many_zones_the_palest_and_the_darkest_are_named():
    found = [Zone(f"z{n}", f"Quartier {n}", square(n, 0), min(n // 3, 4)) for n in range(13)]
    found += [Zone("hidden", "Cachée", square(20, 0), None)]
    drawn = shaded(found)
    assert drawn.wide.count('class="t-name civic-map__label"') == 2
    assert ">Quartier 0</text>" in drawn.wide and ">Quartier 12</text>" in drawn.wide


def test_three_hundred_zones_with_long_borders_stay_light():
    drawn = shaded(zones(20, 15, points=60))
    assert drawn.wide.count("<path") >= 300
    assert len(drawn.wide.encode()) < 60_000


def test_a_border_keeps_the_same_points_on_both_sides():
    wavy = [(100 + round(6 * math.sin(one / 3)), one) for one in range(200)]
    left = [*wavy, (0, 199), (0, 0)]
    right = [(200, 0), (200, 199), *reversed(wavy)]
    placed = {"left": [left], "right": [right]}
    nodes = maps._nodes(placed)
    found = {code: maps._along(ring, nodes, 2.0) for code, [ring] in placed.items()}
    border = {code: {point for point in ring if 90 < point[0] < 110} for code, ring in found.items()}
    assert border["left"] == border["right"]
    assert len(border["left"]) < len(wavy) / 2


def test_a_narrow_drawing_has_fewer_arrows():
    found = zones(4, 4)
    arrows = [Flow("z0-0", one.code, 10 + place, str(place)) for place, one in enumerate(found[1:])]
    drawn = maps.flows(zones=found, arrows=arrows, title="Flux", description="Une phrase")
    assert drawn.wide.count('class="flow-head') == maps.ARROWS
    assert drawn.narrow.count('class="flow-head') == maps.FEW_ARROWS


def test_no_value_covers_a_name_or_another_value():
    found = zones(4, 4, label="Quartier du Lavoir")
    arrows = [Flow(one.code, "z1-1", 10 + place, "1 035") for place, one in enumerate(found) if one.code != "z1-1"]
    drawn = str(maps.flows(zones=found, arrows=arrows, title="Flux", description="Une phrase").wide)
    boxes = [
        (float(x), float(y), float(width))
        for x, y, width in re.findall(r'<rect class="pill"[^>]* x="([-.\d]+)" y="([-.\d]+)" width="([-.\d]+)"', drawn)
    ]
    names = re.findall(r'<text class="t-name[^>]* x="([-\d]+)" y="([-\d]+)"', drawn)
    half = maps.LETTER * len("Quartier du Lavoir")
    boxes += [(float(x) - half, float(y) - 16, 2 * half) for x, y in names]
    assert len(boxes) == maps.ARROWS + 16
    for (x, y, width), (other_x, other_y, other_width) in itertools.combinations(boxes[: maps.ARROWS], 2):
        assert x + width <= other_x or other_x + other_width <= x or abs(y - other_y) >= 22
    for x, y, width in boxes[: maps.ARROWS]:
        for name_x, name_y, name_width in boxes[maps.ARROWS :]:
            assert x + width <= name_x or name_x + name_width <= x or abs(y - name_y) >= 16


def test_a_shape_that_is_no_polygon_is_not_drawn():
    for geometry in (None, {"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon", "coordinates": "x"}):
        assert not maps.can_draw([Zone("z", "Zone", geometry, 1)])
    assert not maps.can_draw([Zone("z", "Zone", {"type": "Polygon", "coordinates": [[[1, 2]]]}, 1)])


def test_shades_have_round_bounds():
    bounds, places = maps.steps([12, 31, 47, 58, 66])
    assert bounds == [20, 40, 60, 80] or all(bound % 5 == 0 for bound in bounds)
    assert places == sorted(places)
    assert maps.steps([3, 3])[1] == [0, 0]


def test_a_hidden_bar_has_no_figure():
    items = [Interval("Un", 5, 4, 6), Interval("Deux", None, note="caché")]
    drawn = intervals(items=items, show=str, title="Barres", heads=["", "", ""])
    assert drawn.rows[1] == ["Deux", "caché", ""]
    assert drawn.wide.count('class="whisker"') == 1
