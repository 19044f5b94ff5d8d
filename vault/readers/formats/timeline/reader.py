"""Google Timeline, in all its shapes: Android's segments, the iPhone's list, Takeout's objects and raw records.

Times have an offset. Invalid parts are left out, so that one bad minute does not refuse ten years. A distance is
Google's, else that of the path, else a straight line. A path that neither a move nor a stay covers is a move.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import SHAPE_FAULTS, guarded, head_of, number, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.files.stream import elements
from vault.readers.reading import Ask, Fact, Reading, Unreadable
from vault.readers.subjects.measures import plain
from vault.readers.subjects.travel import (
    WORST_ACCURACY,
    Leg,
    Point,
    Stay,
    Track,
    Travel,
    facts,
    metres,
    point,
    seconds_of,
)

FORMAT = "timeline"
VERSION = "1.0.0"
CONTENT = re.compile(
    r'"(?:semanticSegments|timelineObjects|rawSignals)"\s*:\s*\[|"locations"\s*:\s*\[\s*\{[^{}]*"latitudeE7"'
    r'|^\s*\[\s*\{(?=[\s\S]{0,4000}"(?:startTime|endTime)"\s*:)(?=[\s\S]{0,8000}"geo:-?\d)'
)
DEGREES = re.compile(r"(?:geo:)?(-?\d{1,3}(?:\.\d{1,15})?)°?\s*,\s*(-?\d{1,3}(?:\.\d{1,15})?)°?")
#: Some old exports add 2^32 to negative coordinates.
WRAPPED = 2**32 / 1e7
MODES = {
    "IN_PASSENGER_VEHICLE": "voiture",
    "IN_VEHICLE": "voiture",
    "IN_ROAD_VEHICLE": "voiture",
    "IN_TAXI": "voiture",
    "MOTORCYCLING": "moto",
    "WALKING": "marche",
    "ON_FOOT": "marche",
    "RUNNING": "marche",
    "HIKING": "marche",
    "CYCLING": "velo",
    "ON_BICYCLE": "velo",
    "IN_BUS": "bus",
    "IN_TRAM": "tram",
    "IN_SUBWAY": "metro",
    "IN_TRAIN": "train",
    "IN_RAIL_VEHICLE": "train",
    "FLYING": "avion",
    "IN_FERRY": "bateau",
    "BOATING": "bateau",
    "SAILING": "bateau",
}
LABELS = {
    "HOME": "domicile",
    "INFERRED_HOME": "domicile",
    "WORK": "travail",
    "INFERRED_WORK": "travail",
    "SCHOOL": "etudes",
}


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data).lstrip()
    return head.startswith(("{", "[")) and bool(CONTENT.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    held = _Held()
    readers = {
        "semanticSegments": held.add_segment,
        "": held.add_segment,
        "timelineObjects": held.add_object,
        "locations": held.add_position,
    }
    skipped = 0
    for key, one in elements(text_of(data)):
        try:
            if key in readers:
                readers[key](one)
            elif key == "userLocationProfile":
                held.add_profile(one)
        except SHAPE_FAULTS:
            skipped += 1
    if skipped > held.count / 2:
        raise Unreadable("other_shape")
    travel = held.travel()
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder="google_timeline"))
    warnings = ([sentences.ODD_PARTS] if skipped or held.without_place else []) + travel.warnings(records)
    found = facts(records, held.count)
    found += [] if records or not travel.read_metres else [Fact("path_length", plain(travel.read_metres / 1000), "km")]
    return Reading(FORMAT, records, [], warnings, 1, "application/json", facts=found)


class _Held:
    """The content read so far. Moves wait for the whole path, whose length is used where Google gives none."""

    def __init__(self) -> None:
        self.path, self.positions = Track(), Track()
        self.found = Travel()
        self.moves: list[_Move] = []
        self.count = self.without_place = 0

    def add_segment(self, one: Mapping[str, Any]) -> None:
        """Add a segment of Android or the iPhone, which write numbers and places differently."""
        self.count += 1
        if "timelinePath" in one:
            self._path(_moment(one["startTime"]), one["timelinePath"])
        elif "visit" in one:
            top = one["visit"].get("topCandidate") or {}
            if (place := _maybe(top.get("placeLocation"))) is not None:
                self._stay(one["startTime"], one["endTime"], place, str(top.get("semanticType") or ""))
        elif "activity" in one:
            activity = one["activity"]
            start, end = _maybe(activity.get("start")), _maybe(activity.get("end"))
            kind = str((activity.get("topCandidate") or {}).get("type") or "")
            self._move(one["startTime"], one["endTime"], [start, end], kind, number(activity.get("distanceMeters")))

    def _path(self, begun: datetime, steps: Sequence[Mapping[str, Any]]) -> None:
        for step in steps:
            minutes = number(step.get("durationMinutesOffsetFromStartTime"))
            moment = _moment(step["time"]) if "time" in step else begun + timedelta(minutes=minutes or 0)
            self.path.add(seconds_of(moment), _place(step["point"]))

    def add_object(self, one: Mapping[str, Any]) -> None:
        """Add an object of Takeout."""
        self.count += 1
        if "placeVisit" in one:
            visit = one["placeVisit"]
            location, span = visit.get("location") or {}, _span(visit["duration"])
            if (
                place := _e7(location, "latitudeE7", "longitudeE7") or _e7(visit, "centerLatE7", "centerLngE7")
            ) is not None:
                self._stay(*span, place, str(location.get("semanticType") or "").removeprefix("TYPE_"))
        elif "activitySegment" in one:
            move = one["activitySegment"]
            start = _e7(move.get("startLocation") or {}, "latitudeE7", "longitudeE7")
            end = _e7(move.get("endLocation") or {}, "latitudeE7", "longitudeE7")
            confirmed = move.get("editConfirmationStatus") == "CONFIRMED"
            kind = str(move.get("activityType") or "")
            ends = [start, *_waypoints(move), end]
            self._move(*_span(move["duration"]), ends, kind, number(move.get("distance")), confirmed)

    def add_position(self, one: Mapping[str, Any]) -> None:
        """Add a raw record of Takeout."""
        self.count += 1
        place = _e7(one, "latitudeE7", "longitudeE7")
        if place is not None and (number(one.get("accuracy")) or 0) <= WORST_ACCURACY:
            stamp = one.get("timestamp")
            seconds = seconds_of(_moment(stamp)) if stamp else float(one["timestampMs"]) / 1000
            self.positions.add(seconds, place)

    def add_profile(self, profile: Mapping[str, Any]) -> None:
        for one in profile.get("frequentPlaces") or ():
            label, place = LABELS.get(str(one.get("label"))), _maybe(one.get("placeLocation"))
            if label and place is not None:
                self.found.named.setdefault(label, place)

    def travel(self) -> Travel:
        self.path.sort()
        for move in self.moves:
            if (leg := self._leg(move)) is None:
                self.without_place += 1
            else:
                self.found.add_leg(leg)
        for track in self._uncovered():
            self.found.add_track(track)
        if len(self.positions):
            self.found.add_track(self.positions)
        return self.found

    def _stay(self, start: str, end: str, place: Point, kind: str) -> None:
        label = LABELS.get(kind.upper().replace(" ", "_"), "autre")
        self.found.stays.append(Stay(_moment(start), _moment(end), place, label))

    def _move(
        self,
        start: str,
        end: str,
        places: Sequence[Point | None],
        kind: str,
        distance: float | None,
        confirmed: bool = False,
    ) -> None:
        mode = MODES.get(kind.upper().replace(" ", "_"), "inconnu")
        begun, ended = _moment(start), _moment(end)
        seconds_of(begun)
        self.moves.append(_Move(begun, ended, [one for one in places if one is not None], mode, distance, confirmed))

    def _leg(self, move: "_Move") -> Leg | None:
        """Return the move; a missing end comes from the path of its time. Without two places there is no move."""
        first, last = self.path.between(move.start.timestamp(), move.end.timestamp())
        walked = [self.path.place(rank) for rank in range(first, last + 1)]
        places = move.places if len(move.places) > 1 else [*move.places, *walked]
        if len(places) < 2:
            return None
        way = [places[0], *walked, places[-1]] if len(places) == 2 else places
        length = sum(map(metres, way, way[1:])) if move.distance is None else move.distance
        return Leg(move.start, move.end, length, places[0], places[-1], move.mode, move.confirmed)

    def _uncovered(self) -> Iterator[Track]:
        """Yield the runs of the path that are neither in a move nor in a stay."""
        spans = [(one.start.timestamp(), one.end.timestamp()) for one in self.moves]
        spans = sorted(spans + [(one.start.timestamp(), one.end.timestamp()) for one in self.found.stays])
        track, rank, covered_until = Track(), 0, float("-inf")
        for place in range(len(self.path)):
            time = self.path.times[place]
            passed = False
            while rank < len(spans) and spans[rank][0] <= time:
                covered_until = max(covered_until, spans[rank][1])
                rank, passed = rank + 1, True
            if (passed or time <= covered_until) and len(track):
                yield track
                track = Track()
            if time > covered_until:
                track.add(time, self.path.place(place))
        if len(track):
            yield track


@dataclass(frozen=True, slots=True)
class _Move:
    """A move as Google tells it: its ends or its waypoints, of which some may be missing."""

    start: datetime
    end: datetime
    places: Sequence[Point]
    mode: str
    distance: float | None
    confirmed: bool


def _waypoints(move: Mapping[str, Any]) -> list[Point | None]:
    """Return the points between the ends of a move, as Takeout gives them under several names."""
    for name, held in (("waypointPath", "waypoints"), ("simplifiedRawPath", "points")):
        points = (move.get(name) or {}).get(held) or []
        if points:
            return [_e7(one, "latE7", "lngE7") for one in points]
    return []


def _moment(stamp: str) -> datetime:
    moment = datetime.fromisoformat(stamp)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _span(duration: Mapping[str, Any]) -> tuple[str, str]:
    return str(duration["startTimestamp"]), str(duration["endTimestamp"])


def _maybe(value: object) -> Point | None:
    """Return the point of `{"latLng": "48.8566°, 2.3522°"}`, with or without degrees, or of `geo:48.8566,2.3522`."""
    text = value.get("latLng") if isinstance(value, Mapping) else value
    return _place(text) if isinstance(text, str) else None


def _place(text: str) -> Point:
    match = DEGREES.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    return point(float(match[1]), float(match[2]))


def _e7(place: Mapping[str, Any], latitude: str, longitude: str) -> Point | None:
    if place.get(latitude) is None or place.get(longitude) is None:
        return None
    lat, lon = int(place[latitude]) / 1e7, int(place[longitude]) / 1e7
    return point(lat - WRAPPED if lat > 90 else lat, lon - WRAPPED if lon > 180 else lon)
