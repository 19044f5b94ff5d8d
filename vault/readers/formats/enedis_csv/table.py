"""The table `Début | Fin | Valeur (en kW)` of Enedis's site since 2025, in a workbook or as CSV.

Stamps are local without offset, `NA` is a gap, numbers have a decimal comma. The rows above may name the delivery
point.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from vault.readers.files.opening import fold, moment_of, number
from vault.readers.subjects.measures import STEPS, Flow, Row, Series, Value, instants

HEADER = re.compile(r'^"?debut"?;"?fin"?;"?valeur \(en k?w\)', re.MULTILINE)
POINT = re.compile(r"\b\d{14}\b")
#: The delivery point of a file that does not name one.
UNKNOWN = "inconnu"
EXCEL_ZERO = datetime(1899, 12, 30)
Cell = str | float | None


def add(series: Series, rows: Iterable[Sequence[Cell]]) -> bool:
    """Add the table's measures. Return False if these rows have no such table."""
    point, flux, header = UNKNOWN, "soutirage", False
    starts: list[datetime] = []
    ends: list[datetime] = []
    values: list[Value] = []
    for row in rows:
        if not header:
            words = fold(";".join(str(cell or "") for cell in row))
            point = found[0] if (found := POINT.search(words)) else point
            flux = "production" if re.search(r"\bproduction\b|\binjection\b", words) else flux
            header = bool(HEADER.search(words))
            in_watts = "(en w)" in words
        elif len(row) > 2 and row[0] and row[1]:
            starts.append(_moment(row[0]))
            ends.append(_moment(row[1]))
            values.append(number(row[2]) if in_watts else watts(row[2]))
    flow = Flow(point, flux, "puissance_moyenne", "W")
    lengths = [end - start for start, end in zip(instants(starts, flow.zone), instants(ends, flow.zone), strict=True)]
    steps = [length if length in STEPS else 0 for length in lengths]
    series.add_curve(flow, [Row(*row) for row in zip(starts, values, steps, strict=True)], stamps_end=False)
    return header


def watts(value: Cell) -> Value:
    """Return a mean power in W, of one in kW. Enedis measures whole watts; rounding only removes the float's error."""
    found = number(value)
    return None if found is None else number(round(found * 1000, 3))


def _moment(cell: Cell) -> datetime:
    return EXCEL_ZERO + timedelta(seconds=round(cell * 86400)) if isinstance(cell, float) else moment_of(str(cell))
