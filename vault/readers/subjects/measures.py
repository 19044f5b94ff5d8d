"""Group measures into blocks, one per point, flow, step and local month, in UTC, with null for a missing measure.

Steps shorter than a day are exact seconds: a day of 23 or 25 hours has 46 or 50 half-hours by itself. A step of 86,400
s is one day of the local calendar, whatever its length; a gas day starts at 06:00.
"""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Fact, Unreadable
from vault.types import measure_blocks

PARIS = ZoneInfo("Europe/Paris")
STEPS = (600, 900, 1800, 3600)
DAY = 86_400
#: The shortest run of a new step: shorter runs of another distance between stamps are gaps.
SHORTEST_RUN = 4
GAS_DAY = time(6)
MIDNIGHT = time(0)
#: No home draws or gives as much, in watts.
MOST_POWER = 1_000_000
#: The watt-hours of a cubic metre of gas, about.
GAS_ENERGY = 10_000
#: The most blocks of a file: dates far apart could otherwise exhaust memory.
MAX_BLOCKS = 5000
TOTALS = {
    "": "energy_measured",
    "soutirage": "energy_total",
    "gaz": "energy_total",
    "production": "energy_produced",
    "injection": "energy_injected",
}
#: Qualities, least reliable first: a block has that of its least reliable measure.
QUALITIES = ("estime", "corrige", "brut", "mesure")
Value = float | int | None
#: Step and start of a measure.
Place = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Flow:
    """A measured flow. `day_start` is the start of its days; `zone` has the calendar of its days and months.

    `flux` is empty where the file does not say whether the energy is drawn, injected or produced.
    """

    point: str
    flux: str
    grandeur: str
    unite: str
    day_start: time = MIDNIGHT
    zone: ZoneInfo = PARIS


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """One value over [start, start + step), in seconds since 1970 UTC. `quality` is one of QUALITIES, or empty."""

    start: int
    step: int
    value: Value
    quality: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of a load curve. `step` is 0 if the row has none."""

    stamp: datetime
    value: Value
    step: int = 0
    quality: str = ""


class Series:
    """The measures of a file, by flow. A repeated stamp keeps its last value, with a quality flag."""

    def __init__(self) -> None:
        self.flows: dict[Flow, dict[Place, Value]] = defaultdict(dict)
        self.qualities: dict[Flow, dict[Place, str]] = defaultdict(dict)
        self.duplicates: set[Flow] = set()

    def add(self, flow: Flow, measure: Measure) -> None:
        held, place = self.flows[flow], (measure.step, measure.start)
        if place in held and held[place] != measure.value:
            self.duplicates.add(flow)
        held[place] = measure.value
        if measure.quality:
            self.qualities[flow][place] = measure.quality

    def add_day(self, flow: Flow, day: date, value: Value, quality: str = "") -> None:
        start = datetime.combine(day, flow.day_start, tzinfo=flow.zone)
        self.add(flow, Measure(int(start.timestamp()), DAY, value, quality))

    def add_curve(self, flow: Flow, rows: Sequence["Row"], *, stamps_end: bool) -> None:
        """Add a load curve.

        Args:
            rows: in the order of the file.
            stamps_end: stamps end their interval, as Enedis's do, instead of starting it.
        """
        if len(rows) > 1 and rows[0].stamp.replace(tzinfo=None) > rows[-1].stamp.replace(tzinfo=None):
            rows = rows[::-1]
        stamps = list(instants((row.stamp for row in rows), flow.zone))
        ordered = sorted(set(stamps))
        steps = (
            {}
            if all(row.step for row in rows)
            else dict(zip(ordered, steps_of(ordered, stamps_end=stamps_end), strict=True))
        )
        for row, stamp in zip(rows, stamps, strict=True):
            step = row.step or steps[stamp]
            self.add(flow, Measure(stamp - step if stamps_end else stamp, step, row.value, row.quality))

    def records(self, source: SourceFile, type: str = "energie.serie") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        mixed = {flow for flow, held in self.flows.items() if len({step for step, _ in held}) > 1}
        for block in self._blocks():
            if len(found) == MAX_BLOCKS:
                raise ValueError("too many months")
            if block.highest_power > MOST_POWER:
                raise Unreadable("too_large_measure")
            flags = self._flags(block, block.flow in mixed)
            found.append(source.record(type, block.payload(), start=block.start, end=block.end, quality=flags))
        return found

    @property
    def asks_direction(self) -> bool:
        return any(not flow.flux for flow in self.flows)

    def _blocks(self) -> Iterator["_Block"]:
        for flow, held in self.flows.items():
            yield from _blocks(flow, held, self.qualities[flow])

    def _flags(self, block: "_Block", mixed: bool) -> list[str]:
        flags = {
            "duplicate": block.flow in self.duplicates,
            "estimated": block.quality == "estime",
            "gap": None in block.values,
            "mixed_step": mixed,
        }
        return [name for name, applies in flags.items() if applies]


@dataclasses.dataclass(frozen=True)
class _Block:
    flow: Flow
    step: int
    first: int
    values: list[Value]
    quality: str

    @property
    def start(self) -> datetime:
        return datetime.fromtimestamp(self.first, UTC)

    @property
    def highest_power(self) -> float:
        """Return the highest power of its measures, in watts."""
        highest = max((abs(value) for value in self.values if value is not None), default=0)
        if self.flow.grandeur == "volume":
            highest *= GAS_ENERGY
        return highest if self.flow.grandeur.startswith("puissance") else highest * 3600 / self.step

    @property
    def end(self) -> datetime:
        if self.step < DAY:
            return self.start + timedelta(seconds=self.step * len(self.values))
        last = _day(self.flow, self.first) + timedelta(days=len(self.values))
        return datetime.combine(last, self.flow.day_start, tzinfo=self.flow.zone)

    def payload(self) -> dict[str, Any]:
        flow = self.flow
        payload: dict[str, Any] = {"point": flow.point, "grandeur": flow.grandeur, "unite": flow.unite}
        payload |= {"flux": flow.flux} if flow.flux else {}
        payload |= {"debut": instant(self.start), "pas_s": self.step, "valeurs": self.values, "fuseau": flow.zone.key}
        return payload | ({"qualite": self.quality} if self.quality else {})


def _blocks(flow: Flow, held: Mapping[Place, Value], qualities: Mapping[Place, str]) -> Iterator[_Block]:
    """Yield the blocks. A month whose measures are not aligned has several."""
    for (step, _, _), places in groupby(sorted(held), key=lambda place: _month(flow, place)):
        run: list[Place] = []
        for place in places:
            if run and not _on_grid(step, run[0][1], place[1]):
                yield _block(flow, step, run, held, qualities)
                run = []
            run.append(place)
        yield _block(flow, step, run, held, qualities)


def _block(
    flow: Flow, step: int, run: Sequence[Place], held: Mapping[Place, Value], qualities: Mapping[Place, str]
) -> _Block:
    first = run[0][1]
    values: list[Value] = [None] * (_rank(flow, step, first, run[-1][1]) + 1)
    for place in run:
        values[_rank(flow, step, first, place[1])] = held[place]
    found = {qualities.get(place, "") for place in run}
    return _Block(flow, step, first, values, next((one for one in QUALITIES if one in found), ""))


def _rank(flow: Flow, step: int, first: int, start: int) -> int:
    return (start - first) // step if step < DAY else (_day(flow, start) - _day(flow, first)).days


def _on_grid(step: int, first: int, start: int) -> bool:
    return step == DAY or (start - first) % step == 0


def _month(flow: Flow, place: Place) -> tuple[int, int, int]:
    day = datetime.fromtimestamp(place[1], flow.zone)
    return place[0], day.year, day.month


def _day(flow: Flow, start: int) -> date:
    return datetime.fromtimestamp(start, flow.zone).date()


def facts(records: Iterable[Mapping[str, Any]], type: str = "energie.serie") -> list[Fact]:
    """Return the totals of the blocks among these records.

    They are the energy by direction, the volume, the highest power, the number of measures and of gaps, the first and
    the last day, and the highest day.
    """
    flows: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        if record["type"] == type:
            payload = record["payload"]
            flows[tuple(str(payload.get(name, "")) for name in FOLLOWED)].append(payload)
    if not flows:
        return []
    totals: dict[str, float] = defaultdict(float)
    volumes, powers = 0.0, []
    counted = _counted_once(flows)
    for (point, flux, quantity, unit), blocks in flows.items():
        values = [(block, value) for block in blocks for value in block["valeurs"] if value is not None]
        if quantity == "puissance_max":
            powers += [(value, unit) for _, value in values]
        elif quantity == "volume":
            volumes += sum(value for _, value in values)
        elif counted[point, flux] == quantity:
            totals[TOTALS[flux]] += sum(_energy(block, value) for block, value in values)
    found = [Fact(code, plain(total / 1000), "kWh") for code, total in totals.items()]
    volumed = any(quantity == "volume" for _, _, quantity, _ in flows)
    found += [Fact("volume_total", plain(volumes), "m3")] if volumed else []
    found += [Fact("power_max", plain(max(powers)[0]), max(powers)[1])] if powers else []
    drawn = [
        block
        for (point, flux, quantity, _), blocks in flows.items()
        if flux in {"soutirage", "gaz"} and counted.get((point, flux)) == quantity
        for block in blocks
    ]
    return [*found, *_extent(max(flows.values(), key=_count)), *_highest_day(drawn)]


#: What tells one series of measures from another.
FOLLOWED = ("point", "flux", "grandeur", "unite")


def _counted_once(flows: Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]]) -> dict[tuple[str, str], str]:
    """Return the quantity that gives the energy of each point and direction: a file may give it twice."""
    measured: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for (point, flux, quantity, _), blocks in flows.items():
        if quantity in {"energie", "puissance_moyenne"}:
            measured[point, flux][quantity] = sum(
                block["pas_s"] * sum(value is not None for value in block["valeurs"]) for block in blocks
            )
    return {key: max(held, key=lambda quantity: held[quantity]) for key, held in measured.items()}


def _count(blocks: Iterable[Mapping[str, Any]]) -> int:
    return sum(len(block["valeurs"]) for block in blocks)


def _extent(blocks: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """Return the extent of the longest series: a file may repeat each measure in several units."""
    ordered = sorted(blocks, key=measure_blocks.start_of)
    gaps = sum(value is None for block in ordered for value in block["valeurs"])
    for before, after in itertools.pairwise(ordered):
        end = measure_blocks.start_of(before) + timedelta(seconds=before["pas_s"] * len(before["valeurs"]))
        gaps += max(0, round((measure_blocks.start_of(after) - end).total_seconds() / before["pas_s"]))
    last = max(measure_blocks.local_day(block, len(block["valeurs"]) - 1) for block in ordered)
    return [
        Fact("points", str(_count(ordered))),
        Fact("gaps", str(gaps)),
        Fact("first_day", measure_blocks.local_day(ordered[0], 0).isoformat()),
        Fact("last_day", last.isoformat()),
    ]


def _highest_day(blocks: Iterable[Mapping[str, Any]]) -> list[Fact]:
    by_day: dict[date, float] = defaultdict(float)
    for block in blocks:
        for day, value in zip(_local_days(block), block["valeurs"], strict=True):
            by_day[day] += _energy(block, value) if value is not None else 0
    if len(by_day) < 2:
        return []
    highest = max(by_day, key=lambda day: (by_day[day], day))
    return [
        Fact("highest_day", highest.isoformat()),
        Fact("highest_day_energy", plain(by_day[highest] / 1000), "kWh"),
    ]


def _local_days(block: Mapping[str, Any]) -> Iterator[date]:
    start, zone, step = measure_blocks.start_of(block), measure_blocks.zone_of(block), block["pas_s"]
    first = start.astimezone(zone).date()
    for rank in range(len(block["valeurs"])):
        if step == DAY:
            yield first + timedelta(days=rank)
        else:
            yield datetime.fromtimestamp(start.timestamp() + step * rank, zone).date()


def _energy(block: Mapping[str, Any], value: float) -> float:
    """Return the energy in Wh. A mean power is multiplied by its step, since steps may change."""
    return value * block["pas_s"] / 3600 if block["grandeur"] == "puissance_moyenne" else value


def steps_of(stamps: Sequence[int], *, stamps_end: bool = True) -> list[int]:
    """Deduce the step of each sorted stamp: the distance to the previous one (or the next), unless it is a gap.

    A distance is a step if it lasts; a file may go from 60 to 30 to 10 minutes. Elsewhere the current step continues.
    """
    if not stamps_end:
        return steps_of([-stamp for stamp in reversed(stamps)])[::-1]
    distances = [after - before for before, after in zip(stamps, stamps[1:], strict=False)]
    if not distances:
        return [1800] * len(stamps)
    lasting: list[int] = []
    for distance, run in groupby(distances):
        length = len(list(run))
        holds = distance in STEPS and (length >= SHORTEST_RUN or length == len(distances))
        lasting += [distance if holds else 0] * length
    known = [step for step in lasting if step]
    force = known[0] if known else min((one for one in distances if one in STEPS), default=1800)
    steps = []
    for distance, step in zip(distances, lasting, strict=True):
        force = step or force
        steps.append(min(force, distance) if distance in STEPS else force)
    return [steps[0], *steps]


def instants(stamps: Iterable[datetime], zone: ZoneInfo) -> Iterator[int]:
    """Yield the seconds in UTC. The order of the file resolves local stamps of the hour repeated in autumn."""
    before = None
    for stamp in stamps:
        if stamp.tzinfo:
            found = int(stamp.timestamp())
        else:
            found = int(stamp.replace(tzinfo=zone, fold=0).timestamp())
            later = (
                int(stamp.replace(tzinfo=zone, fold=1).timestamp())
                if before is not None and found <= before
                else found
            )
            found = max(found, later)
        before = found
        yield found


def plain(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"
