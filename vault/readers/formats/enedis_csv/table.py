"""The tables of Enedis's site since 2025, in a workbook or as CSV.

`Début | Fin | Valeur (en kW)` is a load curve, `Date | Valeur (en kWh)` a table of days. Stamps are local without
offset, `NA` is a gap, numbers have a decimal comma. The rows above may name the delivery point, the direction and the
last day.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from vault.readers.files.opening import GAPS, fold, moment_of, number
from vault.readers.reading import Unreadable
from vault.readers.subjects.measures import STEPS, Flow, Row, Series, Value, instants

POINT = re.compile(r"\b\d{14}\b")
#: The delivery point of a file that does not name one.
UNKNOWN = "inconnu"
EXCEL_ZERO = datetime(1899, 12, 30)
#: The number of watts, or of watt-hours, in each unit.
UNITS = {"w": 1, "kw": 1000, "wh": 1, "kwh": 1000}
WITH_UNIT = re.compile(r"(.*\d)\s*(k?wh?)")
IN_UNIT = re.compile(r"\((?:en )?(k?wh?)\)$")
DIRECTIONS = {"cons": "soutirage", "sout": "soutirage", "prod": "production", "inje": "injection"}
SAID = re.compile(r"\b(?:consommation|soutirage|production|injection)\b")
NEXT = timedelta(days=1)
Cell = str | float | None


def flux_of(*said: str) -> str:
    """Return the direction that a text says (`Consommation`, `PROD`, `Injection quotidienne`), else an empty text."""
    for text in map(fold, said):
        found = {DIRECTIONS[match[0][:4]] for match in SAID.finditer(text)}
        if len(found) == 1:
            return found.pop()
        if text[:4] in DIRECTIONS and not found:
            return DIRECTIONS[text[:4]]
    return ""


def is_header(cells: Sequence[str]) -> bool:
    """Return whether these folded cells are the header of a table of measures."""
    return _unit(cells) in {"w", "kw"} and cells[:2] == ["debut", "fin"] or _days_unit(cells) in {"wh", "kwh"}


def add(series: Series, rows: Iterable[Sequence[Cell]], direction: str) -> bool:
    """Add the table's measures. Return whether the head goes further than they do.

    Args:
        direction: the one that the resident said, where the file says none.
    """
    point, announced = UNKNOWN, None
    above: list[str] = []
    names: list[str] = []
    held: list[Sequence[Cell]] = []
    margin = 0
    for row in rows:
        filled = [cell for cell in row if cell not in {None, ""}]
        cells = [fold(cell).strip() for cell in filled]
        if names:
            held.append(row[margin:])
        elif is_header(cells):
            names, margin = cells, row.index(filled[0])
        else:
            words = " ".join(cells)
            point = found[0] if (found := POINT.search(words)) else point
            announced = _announced(filled) or announced
            above.append(words)
    if not names:
        return False
    flux = flux_of(" ".join(names), " ".join(above)) or direction
    if names[:2] == ["debut", "fin"]:
        last = _add_curve(series, Flow(point, flux, "puissance_moyenne", "W"), held, UNITS[_unit(names)])
    else:
        last = _add_days(series, Flow(point, flux, "energie", "Wh"), held, UNITS[_days_unit(names)])
    return ends_before(last, announced)


def ends_before(last: date | None, announced: date | None) -> bool:
    """Return whether the measures end two days or more before the end that the head gives: the file may be cut."""
    return last is not None and announced is not None and announced - last >= timedelta(days=2)


def _unit(cells: Sequence[str]) -> str:
    match = IN_UNIT.search(cells[2]) if len(cells) > 2 else None
    return match[1] if match else ""


def _days_unit(cells: Sequence[str]) -> str:
    match = IN_UNIT.search(cells[1]) if len(cells) > 1 and cells[0] in {"date", "jour"} else None
    return match[1] if match else ""


def _announced(cells: Sequence[Cell]) -> date | None:
    """Return the day after `Date de fin :`, or None."""
    for label, cell in zip(cells, cells[1:], strict=False):
        if fold(label).startswith("date de fin"):
            try:
                return _moment(cell).date()
            except ValueError:
                return None
    return None


def _add_curve(series: Series, flow: Flow, rows: Iterable[Sequence[Cell]], scale: int) -> date | None:
    filled = [row for row in rows if len(row) > 2 and row[0] and row[1]]
    starts, ends = ([_moment(row[rank]) for row in filled] for rank in (0, 1))
    values = [scaled(row[2], scale) for row in filled]
    lengths = [end - start for start, end in zip(instants(starts, flow.zone), instants(ends, flow.zone), strict=True)]
    steps = [length if length in STEPS else 0 for length in lengths]
    series.add_curve(flow, [Row(*row) for row in zip(starts, values, steps, strict=True)], stamps_end=False)
    return max((end.date() for end in ends), default=None)


def _add_days(series: Series, flow: Flow, rows: Iterable[Sequence[Cell]], scale: int) -> date | None:
    days = [(_moment(row[0]).date(), scaled(row[1], scale)) for row in rows if len(row) > 1 and row[0]]
    for day, value in days:
        series.add_day(flow, day, value)
    return max((day + NEXT for day, _ in days), default=None)


def scaled(value: Cell, factor: int) -> Value:
    """Return a measure in W or Wh. Enedis measures whole ones; rounding only removes the float's error.

    A cell may name its unit, which then counts instead of the column's.

    Raises:
        Unreadable: the cell is neither a number nor one of the words for a gap.
    """
    if isinstance(value, str) and (match := WITH_UNIT.fullmatch(fold(value))):
        value, factor = match[1], UNITS[match[2]]
    found = number(value)
    if found is None and isinstance(value, str) and fold(value) not in GAPS:
        raise Unreadable("measure_unclear")
    return None if found is None else number(round(found * factor, 3))


def _moment(cell: Cell) -> datetime:
    return EXCEL_ZERO + timedelta(seconds=round(cell * 86400)) if isinstance(cell, float) else moment_of(str(cell))
