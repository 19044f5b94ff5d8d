"""Google Timeline, in all its shapes: Android's segments, the iPhone's list, Takeout's objects and raw records.

Times have an offset. Invalid parts are left out, so that one bad minute does not refuse ten years. A distance is
Google's, else that of the path, else a straight line.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import SHAPE_FAULTS, guarded, head_of, number, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.files.stream import elements
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.subjects.travel import WORST_ACCURACY, Leg, Point, Stay, Track, Travel, metres, point

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
        raise Unreadable("damaged")
    travel = held.travel()
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder="google_timeline"))
    warnings = ([sentences.ODD_PARTS] if skipped else []) + ([] if records else [sentences.NO_TRIP])
    return Reading(FORMAT, records, [], warnings, 1, "application/json", facts=travel.facts(held.count))


class _Held:
    """The content read so far. Moves wait for the whole path, whose length is used where Google gives none."""

    def __init__(self) -> None:
        self.path, self.positions = Track(), Track()
        self.found = Travel()
        self.moves: list[tuple[Leg, bool]] = []
        self.count = 0

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
            if start is not None and end is not None:
                self._move(one["startTime"], one["endTime"], start, end, kind, number(activity.get("distanceMeters")))

    def _path(self, begun: datetime, steps: Sequence[Mapping[str, Any]]) -> None:
        for step in steps:
            minutes = number(step.get("durationMinutesOffsetFromStartTime"))
            moment = _moment(step["time"]) if "time" in step else begun + timedelta(minutes=minutes or 0)
            self.path.add(moment.timestamp(), _place(step["point"]))

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
            if start is not None and end is not None:
                kind = str(move.get("activityType") or "")
                self._move(*_span(move["duration"]), start, end, kind, number(move.get("distance")), confirmed)

    def add_position(self, one: Mapping[str, Any]) -> None:
        """Add a raw record of Takeout."""
        self.count += 1
        place = _e7(one, "latitudeE7", "longitudeE7")
        if place is not None and (number(one.get("accuracy")) or 0) <= WORST_ACCURACY:
            stamp = one.get("timestamp")
            seconds = _moment(stamp).timestamp() if stamp else float(one["timestampMs"]) / 1000
            self.positions.add(seconds, place)

    def add_profile(self, profile: Mapping[str, Any]) -> None:
        for one in profile.get("frequentPlaces") or ():
            label, place = LABELS.get(str(one.get("label"))), _maybe(one.get("placeLocation"))
            if label and place is not None:
                self.found.named.setdefault(label, place)

    def travel(self) -> Travel:
        self.path.sort()
        for leg, known in self.moves:
            self.found.legs.append(leg if known else self._measured(leg))
        if not self.moves and not self.found.stays and len(self.path):
            self.found.add_track(self.path)
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
        origin: Point,
        destination: Point,
        kind: str,
        distance: float | None,
        confirmed: bool = False,
    ) -> None:
        mode = MODES.get(kind.upper().replace(" ", "_"), "inconnu")
        length = metres(origin, destination) if distance is None else distance
        leg = Leg(_moment(start), _moment(end), length, origin, destination, mode, confirmed)
        self.moves.append((leg, distance is not None))

    def _measured(self, leg: Leg) -> Leg:
        first, last = self.path.between(leg.start.timestamp(), leg.end.timestamp())
        if first > last:
            return leg
        ends = metres(leg.origin, self.path.place(first)) + metres(self.path.place(last), leg.destination)
        return Leg(
            leg.start,
            leg.end,
            ends + self.path.length(first, last),
            leg.origin,
            leg.destination,
            leg.mode,
            leg.confirmed,
        )


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
