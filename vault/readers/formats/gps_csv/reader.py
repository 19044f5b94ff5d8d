"""Positions as CSV: columns of time, latitude and longitude, under several names, with decimal comma or point."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC

from vault.readers import sentences
from vault.readers.files.opening import fold, guarded, head_of, moment_of, number, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading
from vault.readers.subjects.measures import PARIS, plain
from vault.readers.subjects.travel import WORST_ACCURACY, Track, Travel, facts, point

FORMAT = "gps_csv"
VERSION = "1.0.0"
TIME = {
    "time",
    "timestamp",
    "timestampms",
    "timestamp_ms",
    "date",
    "datetime",
    "date_time",
    "utc",
    "utc_time",
    "unix",
    "unixtime",
    "unix_time",
    "epoch",
    "heure",
    "horodatage",
    "date heure",
    "recorded_at",
}
#: Columns of the day and of the hour, when they are apart.
DAY, HOUR = {"date", "jour", "utc date", "local date"}, {"time", "heure", "hour", "utc time", "local time"}
LATITUDE = {"lat", "latitude", "late7", "lat_e7", "latitudee7", "latitude_e7"}
LONGITUDE = {"lon", "lng", "long", "longitude", "lone7", "lnge7", "lon_e7", "lng_e7", "longitudee7", "longitude_e7"}
ACCURACY = {"accuracy", "precision", "hdop_m", "accuracy_m", "horizontal accuracy"}
SECONDS = re.compile(r"\d{9,10}(?:[.,]\d+)?|\d{12,13}")
#: A coordinate with the letter of its side: `46.16 N`, `W 1,15`, `1.15° O` (ouest).
SIDE = re.compile(r"([NSEWO])?\s*([+-]?[\d.,]+)\s*°?\s*([NSEWO])?", re.IGNORECASE)
DELIMITERS = ";,\t|"
#: Degrees are at most 180: a whole number beyond counts ten-millionths.
E7 = 10_000_000


def recognises(data: bytes, ask: Ask) -> bool:
    first = head_of(data).partition("\n")[0]
    try:
        return _layout(first) is not None
    except csv.Error:
        return False


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    layout = _layout(text.partition("\n")[0])
    if layout is None:
        raise ValueError("no columns")
    track, travel, count, skipped = Track(), Travel(), 0, 0
    for position in _positions(rows_of(text, layout[0]), layout[1]):
        count += 1
        if position is None:
            skipped += 1
        elif position[0] < 0:
            travel.doubted += 1
        else:
            track.add(*position)
    if len(track):
        travel.add_track(track)
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.RESIDENT))
    warnings = ([sentences.ROWS_NOT_PLACED] if skipped else []) + travel.warnings(records)
    found = facts(records, count) if records else [Fact("positions", str(count))]
    found += [] if records or not travel.read_metres else [Fact("path_length", plain(travel.read_metres / 1000), "km")]
    found += [Fact("rows_not_read", str(skipped))] if skipped else []
    return Reading(FORMAT, records, [], warnings, 1, "text/csv", facts=found)


def _layout(first: str) -> tuple[str, dict[str, int]] | None:
    for delimiter in DELIMITERS:
        names = [fold(name).strip('"').strip() for name in first.split(delimiter)]
        found: dict[str, int] = {}
        for field, words in (("time", TIME), ("latitude", LATITUDE), ("longitude", LONGITUDE), ("accuracy", ACCURACY)):
            rank = next((rank for rank, name in enumerate(names) if name in words), None)
            found |= {} if rank is None else {field: rank}
        if {"time", "latitude", "longitude"} <= found.keys():
            return delimiter, found | _apart(names)
    return None


def _apart(names: Sequence[str]) -> dict[str, int]:
    """Return the columns of the day and of the hour, if both are there."""
    day, hour = (next((rank for rank, name in enumerate(names) if name in words), None) for words in (DAY, HOUR))
    return {} if day is None or hour is None else {"time": day, "hour": hour}


def _positions(rows: Iterator[list[str]], place: dict[str, int]) -> Iterator[tuple[float, tuple[float, float]] | None]:
    """Yield the time and point of each row, or None if one is missing or the point is too inaccurate."""
    next(rows)
    for row in rows:
        try:
            latitude, longitude = _degrees(row[place["latitude"]], "S"), _degrees(row[place["longitude"]], "WO")
            accuracy = number(row[place["accuracy"]]) if "accuracy" in place else None
            if latitude is None or longitude is None or (accuracy or 0) > WORST_ACCURACY:
                yield None
            else:
                hour = f" {row[place['hour']].strip()}" if "hour" in place else ""
                yield _seconds(row[place["time"]].strip() + hour), point(latitude, longitude)
        except (ValueError, IndexError, OverflowError):
            yield None


def _degrees(text: str, negative: str) -> float | None:
    """Return a coordinate in degrees, with or without the letter of its side, or in ten-millionths."""
    match = SIDE.fullmatch(text.strip())
    found = number(match[2]) if match else None
    if match is None or found is None:
        return None
    side = (match[1] or match[3] or "").upper()
    found = -abs(found) if side and side in negative else found
    return found / E7 if isinstance(found, int) and abs(found) > 180 else found


def _seconds(text: str) -> float:
    """Return the time of an ISO or French text, or of seconds or milliseconds since 1970.

    Without an offset, a French text is in French time and an ISO text in UTC.
    """
    text = text.strip()
    if SECONDS.fullmatch(text):
        seconds = float(text.replace(",", "."))
        return seconds / 1000 if seconds > 1e11 else seconds
    moment = moment_of(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PARIS if "/" in text else UTC)
    return moment.timestamp()
