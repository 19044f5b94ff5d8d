"""The customer's CSV until 2024: parts that each start with `Identifiant PRM;Type de donnees;…`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import fold, moment_of, number
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Fact
from vault.readers.subjects.measures import PARIS, Flow, Row, Series, Value, plain

PERIOD = re.compile(r"Du (\S+) au\s*(\S*)")
SCALE = {"W": ("W", 1), "kW": ("W", 1000), "VA": ("VA", 1), "kVA": ("VA", 1000), "Wh": ("Wh", 1), "kWh": ("Wh", 1000)}
FAR = datetime(9999, 1, 1, tzinfo=PARIS)


class Site:
    """The parts of one file. Curves and powers are added to the series; each index becomes a record."""

    def __init__(self) -> None:
        self.indexes: list[tuple[str, datetime, dict[str, float]]] = []
        self.calendars: list[tuple[str, datetime, datetime, str]] = []

    def read(self, rows: Iterable[list[str]], series: Series) -> list[str]:
        """Read the parts. Return the warnings."""
        warnings = []
        for fields, part in _parts(rows):
            kind = fold(fields["type de donnees"])
            unit, factor = SCALE.get(fields["unite"], ("", 0))
            active = "reactive" not in fold(fields.get("grandeur physique", ""))
            flux = "production" if fold(fields.get("grandeur metier", "")).startswith("prod") else "soutirage"
            if kind == "index" and active and unit == "Wh":
                self._add_indexes(fields["identifiant prm"], part, factor)
            elif kind == "courbe de charge" and active and unit == "W":
                flow = Flow(fields["identifiant prm"], flux, "puissance_moyenne", "W")
                series.add_curve(flow, _curve(part, factor, fields), stamps_end=True)
            elif kind.startswith("puissance maximale") and unit in {"W", "VA"}:
                _add_powers(series, Flow(fields["identifiant prm"], flux, "puissance_max", unit), part, factor)
            else:
                warnings.append(sentences.PART_NOT_READ)
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
    return [Row(moment_of(row[0]), _scaled(row, factor), step) for row in part if row[0] != "Horodate"]


def _scaled(row: Sequence[str], factor: int) -> Value:
    value = number(row[1]) if len(row) > 1 else None
    return None if value is None else value * factor


def _add_powers(series: Series, flow: Flow, part: Iterable[list[str]], factor: int) -> None:
    """Add the highest power of each day. A stamp is the moment at which it was reached."""
    highest: dict[date, float] = {}
    for row in part:
        if row[0] != "Horodate" and (value := _scaled(row, factor)) is not None:
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
