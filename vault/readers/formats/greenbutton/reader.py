"""Green Button: ESPI intervals in an Atom feed, from other countries or tools."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers import sentences
from vault.readers.files.opening import child, guarded, head_of, local, number, words, xml_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import measures
from vault.readers.subjects.measures import PARIS, STEPS, Flow, Measure, Series

FORMAT = "greenbutton"
VERSION = "1.0.0"
CONTENT = re.compile(r"http://naesb\.org/espi")
#: The quantity and unit of each unit of measure stored in the vault.
UNITS = {"72": ("energie", "Wh"), "38": ("puissance_moyenne", "W"), "42": ("volume", "m3")}
GAS, CUMULATIVE = "7", {"1", "3"}
#: Energy that the network delivers, and that it receives.
DIRECTIONS = {"1": "soutirage", "19": "injection"}
#: The length of a local day in seconds, clock changes included.
DAYS = range(82_800, 90_001)


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    return (
        "<feed" in head
        and bool(CONTENT.search(head))
        or bool(re.search(r"<(?:\w+:)?feed\b[^>]*naesb\.org/espi", head))
    )


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    root = xml_of(data)
    entries = [one for one in root.iter() if local(one) == "entry"]
    series, skipped, untyped = Series(), False, False
    zone, kinds, meters = _zone(entries), _kinds(entries), _meters(entries)
    for entry in entries:
        for block in _inside(entry, "IntervalBlock"):
            kind = _kind_of(entry, kinds, meters)
            if kind is None:
                untyped = True
                continue
            flow = _flow(entry, kind, zone, ask.direction)
            if flow is None or not _add(series, flow, block, int(words(kind, "powerOfTenMultiplier") or 0)):
                skipped = True
    records = series.records(SourceFile(data, format=FORMAT, version=VERSION, holder="Green Button"))
    warnings = [sentences.PART_NOT_READ] if skipped else []
    warnings += [sentences.NO_READING_TYPE] if untyped else []
    warnings += [] if records or warnings else [sentences.NOTHING_INSIDE]
    facts, asks = measures.facts(records), series.asks_direction
    return Reading(FORMAT, records, [], warnings, 1, "application/atom+xml", facts=facts, asks_direction=asks)


def _inside(entry: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - lxml is untyped
    return (
        one for one in (child(entry, "content") if child(entry, "content") is not None else ()) if local(one) == name
    )


def _links(entry: Any, relation: str) -> list[str]:  # noqa: ANN401 - lxml is untyped
    return [one.get("href", "") for one in entry if local(one) == "link" and one.get("rel") == relation]


def _kinds(entries: list[Any]) -> dict[str, Any]:
    return {(_links(entry, "self") or [""])[0]: kind for entry in entries for kind in _inside(entry, "ReadingType")}


def _meters(entries: list[Any]) -> dict[str, list[str]]:
    """Return the related links of each meter reading, including its type."""
    return {
        (_links(entry, "self") or [""])[0]: _links(entry, "related")
        for entry in entries
        for _ in _inside(entry, "MeterReading")
    }


def _kind_of(entry: Any, kinds: Mapping[str, Any], meters: Mapping[str, list[str]]) -> Any:  # noqa: ANN401 - from lxml
    """Return the type of an interval, found by links, or the file's only type."""
    if len(kinds) > 1:
        for up in _links(entry, "up"):
            for meter, related in meters.items():
                if meter and up.startswith(meter):
                    return next((kinds[one] for one in related if one in kinds), None)
        return None
    return next(iter(kinds.values()), None)


def _flow(entry: Any, kind: Any, zone: ZoneInfo, direction: str) -> Flow | None:  # noqa: ANN401 - lxml is untyped
    """Return the flow of a type, or None for other quantities and for indexes."""
    if words(kind, "uom") not in UNITS or words(kind, "accumulationBehaviour") in CUMULATIVE:
        return None
    quantity, unit = UNITS[words(kind, "uom")]
    flux = (
        "gaz"
        if words(kind, "commodity") == GAS or unit == "m3"
        else DIRECTIONS.get(words(kind, "flowDirection"), direction)
    )
    match = re.search(r"/UsagePoint/([^/]{1,80})", "".join(_links(entry, "self") + _links(entry, "up")))
    return Flow(match[1] if match else "inconnu", flux, quantity, unit, zone=zone)


def _add(series: Series, flow: Flow, block: Any, power_of_ten: int) -> bool:  # noqa: ANN401 - lxml is untyped
    factor = 10.0 ** max(-12, min(12, power_of_ten))
    fine: dict[int, dict[int, float]] = defaultdict(dict)
    for one in (one for one in block if local(one) == "IntervalReading"):
        start, length = int(words(one, "timePeriod", "start")), int(words(one, "timePeriod", "duration"))
        value = number(words(one, "value"))
        value = None if value is None else number(round(value * factor, 6))
        if length in STEPS:
            series.add(flow, Measure(start, length, value))
        elif length in DAYS:
            series.add_day(flow, datetime.fromtimestamp(start, UTC).astimezone(flow.zone).date(), value)
        elif value is not None and 0 < length < STEPS[-1]:
            fine[length][start] = value
        else:
            return False
    gathered = [_gather(series, flow, length, held) for length, held in fine.items()]
    return all(gathered)


def _gather(series: Series, flow: Flow, length: int, held: Mapping[int, float]) -> bool:
    """Sum intervals of five minutes into ten, the vault's shortest step. An incomplete interval is a gap."""
    step = next((step for step in STEPS if step % length == 0), 0)
    if not step:
        return False
    parts: dict[int, list[float]] = defaultdict(list)
    for start, value in held.items():
        parts[start - start % step].append(value)
    for start, values in parts.items():
        total = sum(values) / (len(values) if flow.grandeur == "puissance_moyenne" else 1)
        series.add(flow, Measure(start, step, round(total, 6) if len(values) * length == step else None))
    return True


def _zone(entries: list[Any]) -> ZoneInfo:
    """Return the zone of the file's standard offset, in whole hours; without one, or with France's, Paris."""
    for entry in entries:
        for parameters in _inside(entry, "LocalTimeParameters"):
            hours, rest = divmod(int(words(parameters, "tzOffset") or 3600), 3600)
            if hours != 1 and not rest and abs(hours) <= 12:
                return ZoneInfo(f"Etc/GMT{-hours:+d}")
    return PARIS
