"""The customer's CSV until 2024: parts that each start with `Identifiant PRM;Type de donnees;…`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import fold, moment_of, number
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.formats.enedis_csv.table import IN_UNIT, NEXT, ends_before, flux_of, scaled
from vault.readers.reading import Fact
from vault.readers.subjects.measures import PARIS, Flow, Row, Series, Value, plain

PERIOD = re.compile(r"Du (\S+) au\s*(\S*)")
SCALE = {"W": ("W", 1), "kW": ("W", 1000), "VA": ("VA", 1), "kVA": ("VA", 1000), "Wh": ("Wh", 1), "kWh": ("Wh", 1000)}
#: The unit of each type of data, where neither the head nor the column says it.
USUAL = {"courbe de charge": "W", "index": "Wh", "puissance maximale": "VA", "quotidienne": "Wh"}
FAR = datetime(9999, 1, 1, tzinfo=PARIS)


class Site:
    """The parts of one file. Curves and powers are added to the series; each index becomes a record."""

    def __init__(self) -> None:
        self.indexes: list[tuple[str, datetime, dict[str, float]]] = []
        self.calendars: list[tuple[str, datetime, datetime, str]] = []

    def read(self, rows: Iterable[list[str]], series: Series, direction: str) -> list[str]:
        """Read the parts. Return the warnings.

        Args:
            direction: the one that the resident said, where a part says none.
        """
        warnings = []
        for fields, part in _parts(rows):
            kind, point = fold(fields["type de donnees"]), fields["identifiant prm"]
            unit, factor = SCALE.get(fields.get("unite") or _unit_of(part) or _usual_unit(kind), ("", 0))
            active = "reactive" not in fold(fields.get("grandeur physique", ""))
            flux = flux_of(fields.get("grandeur metier", ""), kind) or direction
            last = None
            if kind == "index" and active and unit == "Wh":
                self._add_indexes(point, part, factor)
                last = max((moment.date() for _, moment, _ in self.indexes), default=None)
            elif kind == "courbe de charge" and active and unit == "W":
                curve = _curve(part, factor, fields)
                series.add_curve(Flow(point, flux, "puissance_moyenne", "W"), curve, stamps_end=True)
                last = max((row.stamp.date() for row in curve), default=None)
            elif kind.startswith("puissance maximale") and unit in {"W", "VA"}:
                _add_powers(series, Flow(point, flux, "puissance_max", unit), part, factor)
            elif "quotidienne" in kind and active and unit == "Wh":
                last = _add_days(series, Flow(point, flux, "energie", "Wh"), part, factor)
            else:
                warnings.append(sentences.PART_NOT_READ)
            if ends_before(last, _announced(fields)):
                warnings.append(sentences.HEAD_GOES_FURTHER)
        return list(dict.fromkeys(warnings))

    def _add_indexes(self, point: str, part: Sequence[list[str]], factor: int) -> None:
        names: Sequence[str] = ()
        for row in part:
            if row[0] == "Horodate":
                names = row
            elif row[0] == "Periode":
                names = ()
            elif match := PERIOD.match(row[0]):
                end = datetime.fromisoformat(match[2]) if match[2] else FAR
                self.calendars.append(
                    (point, datetime.fromisoformat(match[1]), end, row[2].strip() if len(row) > 2 else "")
                )
            elif names:
                cells = dict(zip(names, row, strict=False))
                moment = _index_moment(cells["Horodate"], cells.get("Type de releve", ""))
                dials = {
                    name: value * factor
                    for name, text in cells.items()
                    if name.startswith("EA") and (value := number(text)) is not None
                }
                self.indexes += [(point, moment, dials)] if dials else []

    def records(self, source: SourceFile) -> list[dict[str, Any]]:
        """Return a record per index. `EAS T` is the total.

        The dials keep the meter's names: F for the supplier's, which the calendar names, D for the network's.
        """
        found = []
        for point, moment, dials in self.indexes:
            names = [name for whose, start, end, name in self.calendars if whose == point and start <= moment < end]
            total = next((value for name, value in dials.items() if name.endswith(" T")), None)
            payload = {
                "point": point,
                "horodate": instant(moment),
                "unite": "Wh",
                "cadrans": {name: value for name, value in dials.items() if not name.endswith(" T")},
                "total": total,
                "calendrier": names[0] if names and names[0] not in {"", "INCONNU"} else None,
            }
            found.append(
                source.record(
                    "energie.index",
                    {name: value for name, value in payload.items() if value is not None},
                    start=moment,
                )
            )
        return found

    def facts(self) -> list[Fact]:
        by_point: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
        for point, moment, dials in self.indexes:
            by_point[point] += [(moment, value) for name, value in dials.items() if name.endswith(" T")]
        if len(by_point) != 1:
            return []
        (totals,) = by_point.values()
        if not totals:
            return []
        (first, start), (last, end) = min(totals), max(totals)
        return [
            Fact("index_energy", plain((end - start) / 1000), "kWh"),
            Fact("index_count", str(len(totals))),
            Fact("index_first", first.astimezone(PARIS).date().isoformat()),
            Fact("index_last", last.astimezone(PARIS).date().isoformat()),
        ]


def _parts(rows: Iterable[list[str]]) -> Iterator[tuple[dict[str, str], list[list[str]]]]:
    """Yield each part: its description, then its rows from their header on."""
    names: list[str] = []
    fields: dict[str, str] = {}
    part: list[list[str]] = []
    for row in rows:
        if fold(row[0]) == "identifiant prm":
            if fields:
                yield fields, part
            names, fields, part = [fold(name) for name in row], {}, []
        elif not fields:
            fields = dict(zip(names, (cell.strip() for cell in row), strict=False))
        else:
            part.append(row)
    if fields:
        yield fields, part


def _curve(part: Iterable[list[str]], factor: int, fields: Mapping[str, str]) -> list[Row]:
    """Return the rows of a load curve. `Pas en minutes` is mostly blank, and the step may change."""
    minutes = fields.get("pas en minutes", "")
    step = int(minutes) * 60 if minutes.isdecimal() else 0
    return [Row(moment_of(row[0]), _scaled(row, factor), step) for row in part if not _names_columns(row)]


def _add_days(series: Series, flow: Flow, part: Iterable[list[str]], factor: int) -> date | None:
    days = [(moment_of(row[0]).date(), _scaled(row, factor)) for row in part if not _names_columns(row)]
    for day, value in days:
        series.add_day(flow, day, value)
    return max((day + NEXT for day, _ in days), default=None)


def _names_columns(row: Sequence[str]) -> bool:
    return fold(row[0]) in {"horodate", "date"}


def _unit_of(part: Sequence[Sequence[str]]) -> str:
    """Return the unit that the column of values names: `Valeur (en Wh)`."""
    match = IN_UNIT.search(fold(part[0][1])) if part and len(part[0]) > 1 else None
    return {name.lower(): name for name in SCALE}.get(match[1], "") if match else ""


def _usual_unit(kind: str) -> str:
    """Return the unit in which Enedis's site writes this type of data, for a file without the column."""
    return next((unit for start, unit in USUAL.items() if start in kind), "")


def _announced(fields: Mapping[str, str]) -> date | None:
    """Return the day on which the part ends, as its head says: a hint, since heads can be wrong."""
    try:
        return moment_of(fields.get("date de fin", "")).date()
    except ValueError:
        return None


def _scaled(row: Sequence[str], factor: int) -> Value:
    return scaled(row[1], factor) if len(row) > 1 else None


def _add_powers(series: Series, flow: Flow, part: Iterable[list[str]], factor: int) -> None:
    """Add the highest power of each day. A stamp is the moment at which it was reached."""
    highest: dict[date, float] = {}
    for row in part:
        if not _names_columns(row) and (value := _scaled(row, factor)) is not None:
            moment = moment_of(row[0])
            day = moment.astimezone(PARIS).date() if moment.tzinfo else moment.date()
            highest[day] = max(value, highest.get(day, 0))
    for day, value in highest.items():
        series.add_day(flow, day, value)


def _index_moment(stamp: str, kind: str) -> datetime:
    """Return the moment of an index.

    A daily index is that of the local midnight, although its summer stamp is 01:00+02:00: it then matches the load
    curve to the Wh.
    """
    moment = moment_of(stamp)
    local = moment.astimezone(PARIS) if moment.tzinfo else moment.replace(tzinfo=PARIS)
    is_daily = "quotidien" in fold(kind) or not kind
    return datetime.combine(local.date(), time(0), tzinfo=PARIS) if is_daily and local.time() <= time(1) else local
