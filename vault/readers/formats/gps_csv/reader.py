"""Positions as CSV: columns of time, latitude and longitude, under several names, with decimal comma or point."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC

from vault.readers import sentences
from vault.readers.files.opening import fold, guarded, head_of, moment_of, number, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading
from vault.readers.subjects.measures import PARIS
from vault.readers.subjects.travel import WORST_ACCURACY, Track, Travel, point

FORMAT = "gps_csv"
VERSION = "1.0.0"
TIME = {
    "time",
    "timestamp",
    "date",
    "datetime",
    "date_time",
    "utc",
    "utc_time",
    "heure",
    "horodatage",
    "date heure",
    "recorded_at",
}
LATITUDE = {"lat", "latitude"}
LONGITUDE = {"lon", "lng", "long", "longitude"}
ACCURACY = {"accuracy", "precision", "hdop_m", "accuracy_m", "horizontal accuracy"}
SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}")


def recognises(data: bytes, ask: Ask) -> bool:
    first = head_of(data).lstrip().partition("\n")[0]
    try:
        return _layout(first) is not None
    except csv.Error:
        return False


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data).lstrip()
    layout = _layout(text.partition("\n")[0])
    if layout is None:
        raise ValueError("no columns")
    track, count, skipped = Track(), 0, 0
    for position in _positions(rows_of(text, layout[0]), layout[1]):
        count += 1
        if position is None:
            skipped += 1
        else:
            track.add(*position)
    travel = Travel()
    if len(track):
        travel.add_track(track)
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.RESIDENT))
    warnings = ([sentences.ROWS_NOT_READ] if skipped else []) + ([] if records else [sentences.NO_TRIP])
    return Reading(FORMAT, records, [], warnings, 1, "text/csv", facts=travel.facts(count))


def _layout(first: str) -> tuple[str, dict[str, int]] | None:
    for delimiter in ";,\t":
        names = [fold(name).strip('"') for name in first.split(delimiter)]
        found: dict[str, int] = {}
        for field, words in (("time", TIME), ("latitude", LATITUDE), ("longitude", LONGITUDE), ("accuracy", ACCURACY)):
            rank = next((rank for rank, name in enumerate(names) if name in words), None)
            found |= {} if rank is None else {field: rank}
        if {"time", "latitude", "longitude"} <= found.keys():
            return delimiter, found
    return None


def _positions(rows: Iterator[list[str]], place: dict[str, int]) -> Iterator[tuple[float, tuple[float, float]] | None]:
    """Yield the time and point of each row, or None if one is missing or the point is too inaccurate."""
    next(rows)
    for row in rows:
        try:
            latitude, longitude = number(row[place["latitude"]]), number(row[place["longitude"]])
            accuracy = number(row[place["accuracy"]]) if "accuracy" in place else None
            if latitude is None or longitude is None or (accuracy or 0) > WORST_ACCURACY:
                yield None
            else:
                yield _seconds(row[place["time"]]), point(latitude, longitude)
        except (ValueError, IndexError, OverflowError):
            yield None


def _seconds(text: str) -> float:
    """Return the time of an ISO or French text, or of seconds or milliseconds since 1970.

    Without an offset, a French text is in French time and an ISO text in UTC.
    """
    text = text.strip()
    if SECONDS.fullmatch(text):
        seconds = float(text)
        return seconds / 1000 if seconds > 1e11 else seconds
    moment = moment_of(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PARIS if "/" in text else UTC)
    return moment.timestamp()
