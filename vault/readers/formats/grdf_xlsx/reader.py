"""GRDF, customer site: the workbook of days, weeks or months.

Dates are texts; the header's row and columns differ by period.
"""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from vault.readers.files.opening import fold, guarded, measure, moment_of
from vault.readers.files.source_file import SourceFile
from vault.readers.files.workbook import Cell, has_text, is_workbook, sheets
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import gas
from vault.types.spans import MONTHS

FORMAT = "grdf_xlsx"
VERSION = "1.0.0"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTH = re.compile(r"([a-z]+) (\d{4})")
WEEK = re.compile(r"du (\S+) au (\S+)")
EXPORTED = re.compile(r"export du (\d{2}/\d{2}/\d{4})")
POINT = re.compile(r"\b(\d{14}|gi\d{6})\b")
COLUMNS = {
    "date de relev": "date",
    "index de debut": "index_start",
    "index de fin": "index_end",
    "volume consomme": "volume",
    "energie consommee": "energy",
    "qualification": "quality",
}
#: The delivery point of a workbook that does not name one.
UNKNOWN = "inconnu"


def recognises(data: bytes, ask: Ask) -> bool:
    return is_workbook(data) and has_text(data, "Données informatives et détaillées", "Energie consommée (kWh)")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    readings = [reading for _, rows in sheets(data) for reading in _readings(rows)]
    records, facts, warnings = gas.records(readings, SourceFile(data, format=FORMAT, version=VERSION, holder="grdf"))
    return Reading(FORMAT, records, [], warnings, 1, MEDIA, facts=facts)


def _readings(rows: Sequence[Sequence[Cell]]) -> list[gas.GasReading]:
    top = next(
        (rank for rank, row in enumerate(rows) if any(fold(cell).startswith("energie consommee") for cell in row)),
        None,
    )
    if top is None:
        return []
    above = fold(" ".join(str(cell) for row in rows[:top] for cell in row if cell))
    point = match[0].upper() if (match := POINT.search(above)) else UNKNOWN
    exported = moment_of(match[1]).date() if (match := EXPORTED.search(above)) else date.max
    names = {
        rank: name
        for rank, cell in enumerate(rows[top])
        for start, name in COLUMNS.items()
        if fold(cell).startswith(start)
    }
    named = ({name: row[rank] for rank, name in names.items() if rank < len(row)} for row in rows[top + 1 :])
    return [_reading(point, one, exported) for one in named if one.get("date")]


def _reading(point: str, cells: Mapping[str, Cell], exported: date) -> gas.GasReading:
    start, end = _span(fold(cells["date"]))
    return gas.GasReading(
        point=point,
        start=start,
        end=min(end, exported) if start < exported else end,  # the month of the export ends with it
        volume=gas.measured(cells.get("volume"), cells.get("quality"), gas.VOLUMES),
        energy=gas.measured(cells.get("energy"), cells.get("quality"), gas.ENERGIES),
        index_start=measure(cells.get("index_start"), gas.VOLUMES),
        index_end=measure(cells.get("index_end"), gas.VOLUMES),
        quality=gas.quality_of(cells.get("quality")),
    )


def _span(text: str) -> tuple[date, date]:
    """Return the first day, and the day after the last one.

    `24/11/2020`, `Du 23/11/2020 au 29/11/2020` and `Novembre 2020` are read.
    """
    if match := WEEK.fullmatch(text):
        return moment_of(match[1]).date(), moment_of(match[2]).date() + timedelta(days=1)
    if (match := MONTH.fullmatch(text)) and match[1] in MONTHS:
        first = date(int(match[2]), MONTHS.index(match[1]) + 1, 1)
        return first, first + timedelta(days=monthrange(first.year, first.month)[1])
    day = moment_of(text).date()
    return day, day + timedelta(days=1)
