"""Enedis's CSV files, in four shapes.

- site until 2024: `Identifiant PRM;Type de donnees;…`, then a load curve, days, daily indexes or highest powers,
  possibly several of them;
- site since 2025: `Début;Fin;Valeur (en kW)` or `Date;Valeur (en kWh)` below a header (the same as the workbook's);
- `debut;kW`, written by home automation;
- R63, from the professionals' portal: one row per measure, with its step.

Any delimiter is read. A direction that the file does not say is asked of the resident: consumption is not supposed.
"""

from collections.abc import Iterable
from datetime import date

from vault.readers import sentences
from vault.readers.files.opening import cells_of, delimiter_of, fold, guarded, head_of, moment_of, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.formats.enedis_csv import table
from vault.readers.formats.enedis_csv.site import Site
from vault.readers.formats.enedis_json.reader import seconds
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import measures
from vault.readers.subjects.measures import Flow, Row, Series

FORMAT = "enedis_csv"
VERSION = "1.0.0"
QUALITIES = {"E": "estime", "C": "corrige", "B": "brut"}
#: The header of a table may be below lines about the delivery point.
LINES_ABOVE = 40
#: The columns of R63 that are needed; the others may have other names.
R63 = ("identifiant prm", "grandeur physique", "unite", "horodate", "valeur", "pas")
#: The quantity and unit of each physical quantity of R63, and the scale of its units.
QUANTITIES = {
    ("PA", "W"): ("puissance_moyenne", "W", 1),
    ("PA", "kW"): ("puissance_moyenne", "W", 1000),
    ("EA", "Wh"): ("energie", "Wh", 1),
    ("EA", "kWh"): ("energie", "Wh", 1000),
}


def recognises(data: bytes, ask: Ask) -> bool:
    lines = head_of(data).split("\n")[:LINES_ABOVE]
    return bool(_shape(lines[0])) or any(table.is_header(cells_of(line)) for line in lines)


def _shape(first: str) -> str:
    """Return the shape that the first line shows: "site", "r63", "home", or an empty text."""
    cells = cells_of(first)
    if set(R63) <= set(cells):
        return "r63"
    if cells[0] == "identifiant prm":
        return "site"
    return "home" if cells == ["debut", "kw"] else ""


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    first = text.partition("\n")[0]
    shape = _shape(first)
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="enedis")
    series, site, warnings = Series(), Site(), []
    rows = rows_of(text, delimiter_of(first if shape else _header(text)))
    if shape == "site":
        warnings += site.read(rows, series, ask.direction)
    elif shape == "r63":
        warnings += _r63(rows, series, ask.direction)
    elif shape == "home":
        _home(rows, series, ask.direction)
    else:
        warnings += [sentences.HEAD_GOES_FURTHER] if table.add(series, rows, ask.direction) else []
    records = site.records(source) + series.records(source)
    warnings += [] if records or warnings else [sentences.NOTHING_INSIDE]
    facts = measures.facts(records) + site.facts()
    return Reading(FORMAT, records, [], warnings, 1, "text/csv", facts=facts, asks_direction=series.asks_direction)


def _header(text: str) -> str:
    return next((line for line in text.split("\n")[:LINES_ABOVE] if table.is_header(cells_of(line))), "")


def _r63(rows: Iterable[list[str]], series: Series, direction: str) -> list[str]:
    """Add the measures of R63. Stamps are local and end their interval. Voltage and reactive power are left out."""
    rows = iter(rows)
    names = [fold(name) for name in next(rows)]
    flows: dict[Flow, list[Row]] = {}
    announced: list[date] = []
    left_out = False
    for row in rows:
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        quantity = QUANTITIES.get((cells["grandeur physique"], cells["unite"]))
        if quantity is None:
            left_out = True
            continue
        flux = table.flux_of(cells.get("grandeur metier", "")) or direction
        flow = Flow(cells["identifiant prm"], flux, quantity[0], quantity[1])
        quality = QUALITIES.get(cells.get("nature", "")[:1], "")
        value = table.scaled(cells["valeur"], quantity[2])
        flows.setdefault(flow, []).append(Row(moment_of(cells["horodate"]), value, seconds(cells["pas"]), quality))
        if cells.get("date de fin"):
            announced.append(moment_of(cells["date de fin"]).date())
    for flow, curve in flows.items():
        series.add_curve(flow, curve, stamps_end=True)
    last = max((row.stamp.date() for curve in flows.values() for row in curve), default=None)
    further = table.ends_before(last, max(announced, default=None))
    return ([sentences.PART_NOT_READ] if left_out else []) + ([sentences.HEAD_GOES_FURTHER] if further else [])


def _home(rows: Iterable[list[str]], series: Series, direction: str) -> None:
    """Add the measures of home automation. Stamps start their interval.

    The delivery point is in the file's name only, which is not read; the direction is nowhere.
    """
    rows = iter(rows)
    next(rows)
    curve = [Row(moment_of(row[0]), table.scaled(row[1], 1000)) for row in rows]
    series.add_curve(Flow(table.UNKNOWN, direction, "puissance_moyenne", "W"), curve, stamps_end=False)
