"""The sections of a page of results: for each table, a sentence, a drawing with its words, and the table itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.noise.plan import Dimension
from campaigns.results import published as found
from campaigns.results.presenting import figures
from campaigns.results.presenting.figures import Figure
from campaigns.results.published import Cell, Published
from core.pages import charts, maps
from core.pages.charts import Chart, Interval
from core.pages.maps import Flow, Map, Zone

#: Rows of a table on the page of results. A longer one has its own page, and only its first rows there.
ROWS, FIRST = 40, 10
#: Bars of one drawing.
BARS = 12


@dataclass(frozen=True)
class Line:
    """One row of a section: its place, its figure or None if it is hidden."""

    label: str
    figure: Figure | None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    code: str
    title: str
    sentence: str
    caption: str
    lines: list[Line]
    heads: list[str]
    chart: Chart | None = None
    map: Map | None = None
    map_kind: str = ""
    hidden: int = 0
    cells: int = 0
    more: list[str] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        return self.cells > ROWS

    @property
    def table_heads(self) -> list[dict[str, object]]:
        return [{"label": head, "num": place > 0} for place, head in enumerate(self.heads)]

    @property
    def rows(self) -> list[list[str]]:
        return [row_of(line) for line in self.lines[: FIRST if self.is_long else ROWS]]


def row_of(line: Line) -> list[str]:
    if line.figure is None:
        return [line.label, figures.why_hidden(), ""]
    return [line.label, line.figure.words, line.figure.margin]


def of(published: Published) -> list[Section]:
    return [section(published, table) for table in published.tables]


def section(published: Published, table: Mapping[str, Any]) -> Section:
    kinds = [published.plan.dimension(code).kind for code in table["dimensions"]]
    if kinds == ["zone_pair"]:
        return _of_flows(published, table)
    if kinds == ["zone"]:
        return _of_zones(published, table)
    if len(kinds) == 2 and "zone" in kinds:
        return _crossed(published, table, kinds.index("zone"))
    return _of_bars(published, table)


def every_line(published: Published, table: Mapping[str, Any]) -> list[Line]:
    """Return all cells of a table in the plan's order, as published."""
    return [
        Line(
            figures.label(published, table, cell),
            figures.of_cell(published, table, cell),
            tuple(published.codes(table, cell)),
        )
        for cell in table["cells"]
    ]


def _title(published: Published, table: Mapping[str, Any]) -> str:
    return published.planned(table).label.in_language(figures.language())


def _build(
    published: Published, table: Mapping[str, Any], lines: list[Line], head: str, sentence: str, **more: Any
) -> Section:
    dimensions = [published.plan.dimension(code).label.in_language(figures.language()) for code in table["dimensions"]]
    return Section(
        code=table["code"],
        title=_title(published, table),
        sentence=sentence,
        lines=lines,
        heads=[", ".join(dimensions), head, _("Marge")],
        hidden=found.hidden(table),
        cells=len(table["cells"]),
        **more,
    )


def _of_bars(published: Published, table: Mapping[str, Any]) -> Section:
    """Bars of counts, of shares where each participant is counted once, or of means."""
    lines, whole = [], published.document["noisy_n"]
    as_shares = can_share(published, table)
    for cell in table["cells"]:
        figure = figures.share(cell, whole) if as_shares else figures.of_cell(published, table, cell)
        lines.append(Line(figures.label(published, table, cell), figure, tuple(published.codes(table, cell))))
    is_ordered = any(published.plan.dimension(code).kind == "number" for code in table["dimensions"])
    if not is_ordered:
        lines = _sorted(lines)
    head = _head(published, table, as_shares=as_shares)
    chart = _bars(_title(published, table), lines, head)
    caption = _caption(published, table, head)
    return _build(published, table, lines, head, _largest(lines, head), chart=chart, caption=caption)


def can_share(published: Published, table: Mapping[str, Any]) -> bool:
    planned = published.planned(table)
    return planned.per_resident == 1 and planned.measure is None and len(planned.dimensions) == 1


def _of_zones(published: Published, table: Mapping[str, Any]) -> Section:
    """A map of means, or of participants for 1,000 inhabitants: numbers of people would show which zones are large."""
    dimension = published.plan.dimension(table["dimensions"][0])
    lines = every_line(published, table)
    head = _head(published, table, as_shares=False)
    shaded = lines if table["measure"] else _for_a_thousand(published, dimension, lines)
    unit = "" if table["measure"] else _("Participants pour 1 000 habitants")
    ordered = _sorted(lines)
    return _mapped(published, table, dimension, ordered, shaded, head, unit or head)


def _for_a_thousand(published: Published, dimension: Dimension, lines: list[Line]) -> list[Line]:
    zoning, counted = published.plan.zoning, []
    for line in lines:
        zone = zoning.by_code.get(line.codes[0]) if zoning else None
        figure = line.figure
        if figure is not None and zone is not None and zone.population:
            low, high = (round(1000 * each / zone.population, 1) for each in (figure.low, figure.high))
            figure = Figure(round(1000 * figure.value / zone.population, 1), low, high)
        counted.append(Line(line.label, figure, line.codes))
    return counted


def _crossed(published: Published, table: Mapping[str, Any], axis: int) -> Section:
    """A map of the largest category's share in each zone; each share is of the zone's own participants."""
    dimensions = [published.plan.dimension(code) for code in table["dimensions"]]
    of_zones, other = dimensions[axis], dimensions[1 - axis]
    totals = {tuple(cell["at"]): cell for cell in table["totals"]}
    subject = _largest_category(table, totals, axis, len(other.cells))
    if subject is None or table["measure"]:
        return _of_bars(published, table)
    lines = []
    for place in range(len(of_zones.cells)):
        at = [place, subject] if axis == 0 else [subject, place]
        cell = next(one for one in table["cells"] if one["at"] == at)
        whole = totals.get((place, None) if axis == 0 else (None, place), {"shown": False})
        zone = of_zones.cells[place]
        lines.append(Line(zone.label.in_language(figures.language()), figures.share(cell, whole), (zone.code,)))
    name = other.cells[subject].label.in_language(figures.language())
    head = _("%(label)s, part des participants de la zone") % {"label": name}
    return _mapped(published, table, of_zones, _sorted(lines), lines, head, head)


def _largest_category(table: Mapping[str, Any], totals: Mapping[Any, Cell], axis: int, count: int) -> int | None:
    found = [totals.get((None, one) if axis == 0 else (one, None), {"shown": False}) for one in range(count)]
    sizes = [(cell["value"], -place) for place, cell in enumerate(found) if cell["shown"]]
    return -max(sizes)[1] if sizes else None


def _mapped(
    published: Published,
    table: Mapping[str, Any],
    dimension: Dimension,
    lines: list[Line],
    shaded: Sequence[Line],
    head: str,
    map_head: str,
) -> Section:
    """Draw zones as a map if the plan has their shapes, as bars if they are few."""
    title, sentence = _title(published, table), _spread(lines, head)
    caption = _caption(published, table, map_head)
    drawn = {line.codes[0]: line.figure for line in shaded}
    values = [figure.value for figure in drawn.values() if figure is not None]
    zones = _zones(published, dimension)
    if not values or not maps.can_draw(zones):
        chart = _bars(title, lines, head) if len(lines) <= BARS else None
        return _build(published, table, lines, head, sentence, chart=chart, caption=_caption(published, table, head))
    bounds, _places = maps.steps(values)
    stepped = [
        replace(zone, step=_step(drawn.get(zone.code), bounds), said=_said(drawn.get(zone.code))) for zone in zones
    ]
    unit = next(figure.unit for figure in drawn.values() if figure is not None)
    made = maps.choropleth(
        zones=stepped,
        title=f"{title}. {map_head}",
        description=sentence,
        legend=_legend(bounds, unit),
        hidden=figures.why_hidden(),
    )
    return _build(published, table, lines, head, sentence, map=made, map_kind="map", caption=caption)


def _step(figure: Figure | None, bounds: Sequence[float]) -> int | None:
    return None if figure is None else sum(figure.value >= bound for bound in bounds)


def _said(figure: Figure | None) -> str:
    return f"{figure.words} ({figure.margin})" if figure else figures.why_hidden()


def _legend(bounds: Sequence[float], unit: str) -> list[str]:
    labels = [figures.show(round(bound, 6), unit) for bound in bounds]
    middle = [charts.between(low, high) for low, high in zip(labels, labels[1:], strict=False)]
    first, last = _("moins de %(value)s") % {"value": labels[0]}, _("%(value)s ou plus") % {"value": labels[-1]}
    return [first, *middle, last]


def _zones(published: Published, dimension: Dimension) -> list[Zone]:
    zoning = published.plan.zoning
    if zoning is None:
        return []
    language = figures.language()
    return [
        Zone(zone.code, zone.label.in_language(language), zone.geometry) for zone in zoning.at_level(dimension.level)
    ]


def _of_flows(published: Published, table: Mapping[str, Any]) -> Section:
    dimension = published.plan.dimension(table["dimensions"][0])
    lines = _sorted(every_line(published, table))
    head = _head(published, table, as_shares=False)
    zones = _zones(published, dimension)
    arrows = _arrows(lines)
    caption = _caption(published, table, head)
    sentence = _largest(lines, head)
    if not arrows or not maps.can_draw(zones):
        shown = [line for line in lines if line.figure is not None][:BARS]
        chart = _bars(_title(published, table), shown, head)
        return _build(published, table, lines, head, sentence, chart=chart, caption=caption)
    made = maps.flows(zones=zones, arrows=arrows, title=_title(published, table), description=sentence)
    caption += " " + _("Une flèche plus large, plus de monde. Les neuf plus grandes sont dessinées.")
    inside = sum(one.start == one.end for one in arrows)
    more = []
    if inside:
        text = ngettext(
            "%(count)s trajet reste dans sa zone : il est dans le tableau.",
            "%(count)s trajets restent dans leur zone : ils sont dans le tableau.",
            inside,
        )
        more = [text % {"count": inside}]
    return _build(published, table, lines, head, sentence, map=made, map_kind="flows", caption=caption, more=more)


def _arrows(lines: Sequence[Line]) -> list[Flow]:
    """Return an arrow for each pair shown; those of the destination that receives most are the subject."""
    pairs = []
    received: dict[str, float] = {}
    for line in lines:
        if line.figure is None or "." not in line.codes[0]:
            continue
        start, end = line.codes[0].split(".", 1)
        pairs.append((start, end, line.figure))
        if start != end:
            received[end] = received.get(end, 0) + line.figure.value
    subject = max(received, key=lambda code: received[code]) if received else ""
    return [Flow(start, end, figure.value, figure.words, end == subject) for start, end, figure in pairs]


def _sorted(lines: list[Line]) -> list[Line]:
    """Return lines by their value, largest first, then the hidden ones, “not given” last."""
    return sorted(
        lines, key=lambda line: ("_" in line.codes, line.figure is None, -(line.figure.value if line.figure else 0))
    )


def _bars(title: str, lines: Sequence[Line], head: str) -> Chart | None:
    if not lines:
        return None
    unit = next((line.figure.unit for line in lines if line.figure), "")
    first = next((line for line in _sorted(list(lines)) if line.figure), None)
    items = [
        Interval(line.label, line.figure.value, line.figure.low, line.figure.high, "c1" if line is first else "c5")
        if line.figure
        else Interval(line.label, None, note=figures.why_hidden())
        for line in lines[:BARS]
    ]
    return charts.intervals(items=items, show=figures.shower(unit), title=title, heads=["", head, _("Marge")])


def _head(published: Published, table: Mapping[str, Any], *, as_shares: bool) -> str:
    if table["measure"]:
        measure = published.plan.measure(table["measure"])
        name = measure.label.in_language(figures.language())
        return _("%(measure)s, en moyenne") % {"measure": name}
    if as_shares:
        return _("Part des logements") if published.plan.unit == "dwelling" else _("Part des participants")
    return _("Logements") if published.plan.unit == "dwelling" else _("Participants")


def plain_head(published: Published, table: Mapping[str, Any]) -> str:
    """Return the head of a table's figures as they were published: counts or means, not shares."""
    return _head(published, table, as_shares=False)


def _caption(published: Published, table: Mapping[str, Any], head: str) -> str:
    sentences = [
        _("%(head)s. Le trait fin ou la marge contient la vraie valeur 19 fois sur 20, parmi ceux qui ont participé.")
        % {"head": head}
    ]
    if count := found.hidden(table):
        text = ngettext(
            "%(count)s total sur %(all)s est caché, car trop petit ou trop incertain.",
            "%(count)s totaux sur %(all)s sont cachés, car trop petits ou trop incertains.",
            count,
        )
        sentences.append(text % {"count": count, "all": len(table["cells"])})
    return " ".join(sentences)


def _given(lines: Sequence[Line]) -> Iterator[tuple[str, Figure]]:
    yield from ((line.label, line.figure) for line in lines if line.figure is not None and "_" not in line.codes)


def _largest(lines: Sequence[Line], head: str) -> str:
    given = sorted(_given(lines), key=lambda one: -one[1].value)
    if not given:
        return _("Tout est caché ici : aucun total n’atteint le seuil.")
    name, figure = given[0]
    return _("En tête, %(label)s : environ %(value)s (%(margin)s).") % {
        "label": name,
        "value": figure.words,
        "margin": figure.margin,
    }


def _spread(lines: Sequence[Line], head: str) -> str:
    """Say the highest and the lowest, if their intervals do not touch; else that nothing can be concluded."""
    given = sorted(_given(lines), key=lambda one: -one[1].value)
    if len(given) < 2:
        return _largest(lines, head)
    (first, most), (last, least) = given[0], given[-1]
    if most.low <= least.high:
        return _("Entre les zones, les marges se touchent : rien à conclure.")
    return _("%(first)s : environ %(most)s. %(last)s : environ %(least)s.") % {
        "first": first,
        "most": most.words,
        "last": last,
        "least": least.words,
    }
