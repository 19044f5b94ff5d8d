"""GRDF, customer site: the workbook of days, weeks or months. Dates are text, the header's row and columns differ with the period."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from vault.readers.files.opening import fold, guarded, moment_of, number
from vault.readers.files.source_file import SourceFile
from vault.readers.files.workbook import Cell, has_text, is_workbook, sheets
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import gas

FORMAT = "grdf_xlsx"
VERSION = "1.0.0"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS = (
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
)
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
#: What a workbook that does not name its delivery point is about.
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
    told = ({name: row[rank] for rank, name in names.items() if rank < len(row)} for row in rows[top + 1 :])
    return [_reading(point, one, exported) for one in told if one.get("date")]


def _reading(point: str, told: Mapping[str, Cell], exported: date) -> gas.GasReading:
    start, end = _span(fold(told["date"]))
    return gas.GasReading(
        point=point,
        start=start,
        end=min(end, exported) if start < exported else end,
        volume=gas.measured(told.get("volume"), told.get("quality")),
        energy=gas.measured(told.get("energy"), told.get("quality")),
        index_start=number(told.get("index_start")),
        index_end=number(told.get("index_end")),
        quality=gas.quality_of(told.get("quality")),
    )


def _span(text: str) -> tuple[date, date]:
    """`24/11/2020`, `Du 23/11/2020 au 29/11/2020`, `Novembre 2020`. The month of the export ends with it."""
    if match := WEEK.fullmatch(text):
        return moment_of(match[1]).date(), moment_of(match[2]).date() + timedelta(days=1)
    if (match := MONTH.fullmatch(text)) and match[1] in MONTHS:
        first = date(int(match[2]), MONTHS.index(match[1]) + 1, 1)
        return first, first + timedelta(days=monthrange(first.year, first.month)[1])
    day = moment_of(text).date()
    return day, day + timedelta(days=1)
