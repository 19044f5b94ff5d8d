"""Convert gas readings of any format to two daily series, in m³ and Wh.

A gas day starts at 06:00 local time. The sum of the daily volumes and the difference of the index need not agree: both
are shown. A reading of a week or of months is shared out evenly between its days, which are then estimated and say so;
its index is kept. Days that are measured are never estimated.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import measure, number
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Fact
from vault.readers.subjects import measures
from vault.readers.subjects.measures import GAS_DAY, PARIS, Flow, Series, Value, plain

#: The most days of a reading: a meter is read at least every second year.
LONGEST = 800
#: The units that a cell of the file may name: volumes in m³, energies in kWh.
VOLUMES = {"m3": 1.0, "dm3": 0.001, "l": 0.001}
ENERGIES = {"kwh": 1.0, "wh": 0.001, "mwh": 1000.0}
QUALITIES = {"mes": "mesure", "est": "estime", "cor": "corrige"}


@dataclasses.dataclass(frozen=True)
class GasReading:
    """A reading of the network, with volumes in m³ and energy in kWh. `end` is the first day after it."""

    point: str
    start: date
    end: date
    volume: Value = None
    energy: Value = None
    index_start: Value = None
    index_end: Value = None
    quality: str = ""
    injected: bool = False

    @property
    def is_daily(self) -> bool:
        return self.end - self.start == timedelta(days=1)

    @property
    def days(self) -> list[date]:
        count = (self.end - self.start).days
        if not 0 < count <= LONGEST:
            raise ValueError("a reading of no length, or of years")
        return [self.start + timedelta(days=rank) for rank in range(count)]


def quality_of(text: object) -> str:
    return QUALITIES.get(str(text or "").lower()[:3], "")


def measured(value: object, qualification: object, units: Mapping[str, float]) -> Value:
    """Return a measured value, or None for a gap, which workbooks write as 0."""
    return None if str(qualification or "").startswith("Absence") else measure(value, units)


def day_of(stamp: object) -> date:
    """Return the local day of a stamp.

    The customer site writes 06:00+00:00 all year for 06:00 local time, which is the same day.
    """
    moment = datetime.fromisoformat(str(stamp))
    return moment.astimezone(PARIS).date() if moment.tzinfo else moment.date()


def records(readings: Sequence[GasReading], source: SourceFile) -> tuple[list[dict[str, Any]], list[Fact], list[str]]:
    daily, longer = [one for one in readings if one.is_daily], [one for one in readings if not one.is_daily]
    measured = {(one.point, one.injected, one.start) for one in daily}
    shared = [one for one in _apart(longer) if not any((one.point, one.injected, day) in measured for day in one.days)]
    series = Series()
    for one in daily:
        _add(series, one, one.start, one.volume, one.energy, one.quality)
    for one in shared:
        for day, volume, energy in zip(one.days, _shares(one.volume, one), _shares(one.energy, one), strict=True):
            _add(series, one, day, volume, energy, "estime")
    found = series.records(source) + _indexes(longer, source)
    facts = measures.facts(found)
    warnings = [sentences.GAS_SHARED_OUT] if shared else []
    warnings += (
        [sentences.GAS_TWO_KINDS]
        if any((one.point, one.injected, day) in measured for one in longer for day in one.days)
        else []
    )
    return found, facts + _index_facts(readings), warnings if found else [sentences.NOTHING_INSIDE]


def _apart(readings: Sequence[GasReading]) -> list[GasReading]:
    """Return the readings, each ending where the next one begins.

    GRDF's weeks overlap at New Year: one ends on 3 January, the next begins on the 1st. Of two readings that begin on
    the same day, the last one of the file is kept.
    """
    found: list[GasReading] = []
    meters: dict[tuple[str, bool], dict[date, GasReading]] = defaultdict(dict)
    for one in readings:
        meters[one.point, one.injected][one.start] = one
    for held in meters.values():
        starts = sorted(held)
        for start, following in zip(starts, [*starts[1:], date.max], strict=True):
            found.append(dataclasses.replace(held[start], end=min(held[start].end, following)))
    return found


def _add(series: Series, one: GasReading, day: date, volume: Value, energy: Value, quality: str) -> None:
    flux = "injection" if one.injected else "gaz"
    for quantity, unit, value in (("energie", "Wh", _times(energy, 1000)), ("volume", "m3", volume)):
        series.add_day(Flow(one.point, flux, quantity, unit, day_start=GAS_DAY), day, value, quality)


def _times(value: Value, factor: int) -> Value:
    return None if value is None else number(round(value * factor, 6))


def _shares(value: Value, one: GasReading) -> list[Value]:
    """Share a value between the days, to the thousandth; the sum is exact."""
    count = len(one.days)
    if value is None:
        return [None] * count
    bounds = [round(value * rank / count, 3) for rank in range(count + 1)]
    return [number(round(after - before, 3)) for before, after in zip(bounds, bounds[1:], strict=False)]


def _indexes(readings: Sequence[GasReading], source: SourceFile) -> list[dict[str, Any]]:
    """Return the indexes. Consecutive readings share an index, kept once with the energy of the period before it."""
    ends: dict[tuple[str, date], tuple[Value, GasReading | None]] = {
        (one.point, one.start): (one.index_start, None) for one in readings
    }
    ends |= {(one.point, one.end): (one.index_end, one) for one in readings}
    found = []
    for (point, day), (value, ended) in sorted(ends.items(), key=lambda end: end[0]):
        if value is None:
            continue
        moment = datetime.combine(day, GAS_DAY, tzinfo=PARIS)
        payload = {
            "point": point,
            "horodate": instant(moment),
            "unite": "m3",
            "cadrans": {"gaz": value},
            "total": value,
        }
        if ended is not None and ended.energy is not None:
            payload |= {
                "debut": instant(datetime.combine(ended.start, GAS_DAY, tzinfo=PARIS)),
                "energie_kwh": ended.energy,
            }
        found.append(source.record("energie.index", payload, start=moment))
    return found


def _index_facts(readings: Sequence[GasReading]) -> list[Fact]:
    starts = sorted((one.start, one.index_start) for one in readings if one.index_start is not None)
    ends = sorted((one.end, one.index_end) for one in readings if one.index_end is not None)
    if not starts or not ends or len({one.point for one in readings}) > 1:
        return []
    return [Fact("index_difference", plain(float(ends[-1][1]) - float(starts[0][1])), "m3")]
