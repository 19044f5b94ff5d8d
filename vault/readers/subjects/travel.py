"""Convert positions to trips and frequent places. The positions themselves are not stored.

A trip runs from one stop to the next: five minutes within 150 metres, or half an hour without any position. Distances
are those of a sphere of mean radius 6,371.0088 km; the equator's radius would add 0.11 %.
"""

import dataclasses
import math
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Fact
from vault.readers.subjects.measures import PARIS, plain

MEAN_RADIUS = 6_371_008.8
STOP_METRES, STOP_SECONDS = 150, 300
GAP_SECONDS = 1800
#: A stay may start this much before the end of the move that leads to it.
MEETS = timedelta(minutes=1)
#: Closer positions in time do not refine a stop, and would cost the square of their number.
APART_SECONDS = 10
SHORTEST_TRIP = 200
#: Less accurate positions, in metres, are left out.
WORST_ACCURACY = 500
FREQUENT_DAYS, FREQUENT_PLACES = 3, 20
#: Decimals of a cell, about 110 metres: visits of one cell are at one place.
CELL = 3
MAX_TRIPS = 50_000
Point = tuple[float, float]


def metres(left: Point, right: Point) -> float:
    """Return the great-circle distance (haversine) between points of latitude and longitude in degrees."""
    lat1, lat2 = math.radians(left[0]), math.radians(right[0])
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(right[1] - left[1]) / 2) ** 2
    )
    return 2 * MEAN_RADIUS * math.asin(min(1.0, math.sqrt(half)))


def point(latitude: float, longitude: float) -> Point:
    """Build a point.

    Raises:
        ValueError: the point is not on Earth.
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("not on Earth")
    return latitude, longitude


class Track:
    """Positions in order of time, at eight bytes per number: half a million of them fit in the child's memory."""

    def __init__(self) -> None:
        self.times, self.latitudes, self.longitudes = array("d"), array("d"), array("d")

    def add(self, time: float, place: Point) -> None:
        self.times.append(time)
        self.latitudes.append(place[0])
        self.longitudes.append(place[1])

    def __len__(self) -> int:
        return len(self.times)

    def place(self, rank: int) -> Point:
        return self.latitudes[rank], self.longitudes[rank]

    def moment(self, rank: int) -> datetime:
        return datetime.fromtimestamp(self.times[rank], UTC)

    def sort(self) -> None:
        times = self.times
        if any(times[rank] > times[rank + 1] for rank in range(len(times) - 1)):
            order = sorted(range(len(times)), key=times.__getitem__)
            for name in ("times", "latitudes", "longitudes"):
                held = getattr(self, name)
                setattr(self, name, array("d", (held[rank] for rank in order)))

    def length(self, first: int, last: int) -> float:
        return sum(metres(self.place(rank), self.place(rank + 1)) for rank in range(first, last))

    def between(self, start: float, end: float) -> tuple[int, int]:
        return bisect_left(self.times, start), bisect_right(self.times, end) - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Leg:
    """A part of a trip, by one mode."""

    start: datetime
    end: datetime
    metres: float
    origin: Point
    destination: Point
    mode: str = "inconnu"
    confirmed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Stay:
    start: datetime
    end: datetime
    place: Point
    label: str = "autre"


@dataclasses.dataclass
class Travel:
    legs: list[Leg] = dataclasses.field(default_factory=list)
    stays: list[Stay] = dataclasses.field(default_factory=list)
    #: Places named by the holder.
    named: dict[str, Point] = dataclasses.field(default_factory=dict)
    zone: ZoneInfo = PARIS

    def add_track(self, track: Track, mode: str = "inconnu") -> None:
        """Find the stops, then add the moves between them."""
        track.sort()
        for first, last in _parts(track):
            begin = first
            for start, end in _stops(track, first, last):
                self._add_leg(track, begin, start, mode)
                self.stays.append(Stay(track.moment(start), track.moment(end), _middle(track, start, end)))
                begin = end
            self._add_leg(track, begin, last, mode)

    def _add_leg(self, track: Track, first: int, last: int, mode: str) -> None:
        length = track.length(first, last)
        if length >= SHORTEST_TRIP:
            self.legs.append(
                Leg(track.moment(first), track.moment(last), length, track.place(first), track.place(last), mode)
            )

    def records(self, source: SourceFile) -> list[dict[str, Any]]:
        trips = list(self._trips())
        if len(trips) > MAX_TRIPS:
            raise ValueError("more trips than a life")
        labels = {stay.start: stay.label for stay in self.stays if stay.label != "autre"}
        starts = sorted(labels)
        found = [_place(label, place, source) for label, place in self.places()]
        return found + [_trip(trip, _purpose(trip[-1].end, starts, labels), source) for trip in trips]

    def _trips(self) -> Iterator[list[Leg]]:
        """Yield the trips: consecutive moves without a stay between them."""
        stays = sorted(stay.start for stay in self.stays)
        trip: list[Leg] = []
        for leg in sorted(self.legs, key=lambda leg: (leg.start, leg.end)):
            if trip:
                end = trip[-1].end
                rank = bisect_left(stays, end - MEETS)
                stayed = rank < len(stays) and stays[rank] < leg.start
                if stayed or (leg.start - end).total_seconds() > GAP_SECONDS:
                    yield trip
                    trip = []
            trip.append(leg)
        if trip:
            yield trip

    def places(self) -> list[tuple[str, Point]]:
        """Return the places named by the holder, then those visited on three days or more, most frequent first."""
        cells: dict[Point, set[date]] = defaultdict(set)
        for stay in self.stays:
            cells[round(stay.place[0], CELL), round(stay.place[1], CELL)].add(stay.start.astimezone(self.zone).date())
            if stay.label != "autre":
                self.named.setdefault(stay.label, stay.place)
        known = list(self.named.items())
        ranked = sorted(cells, key=lambda cell: (-len(cells[cell]), cell))
        frequent = [
            cell
            for cell in ranked
            if len(cells[cell]) >= FREQUENT_DAYS and all(metres(cell, place) > STOP_METRES for _, place in known)
        ]
        return known + [("autre", cell) for cell in frequent[:FREQUENT_PLACES]]

    def facts(self, positions: int) -> list[Fact]:
        trips = sum(1 for _ in self._trips())
        spans = [(leg.start, leg.end) for leg in self.legs] + [(stay.start, stay.end) for stay in self.stays]
        days = sorted({moment.astimezone(self.zone).date() for span in spans for moment in span})
        found = [Fact("positions", str(positions))] if positions else []
        found += [
            Fact("trips", str(trips)),
            Fact("distance", plain(sum(leg.metres for leg in self.legs) / 1000), "km"),
        ]
        found += [Fact("places", str(len(self.places())))]
        return found + (
            [Fact("first_day", days[0].isoformat()), Fact("last_day", days[-1].isoformat())] if days else []
        )


def _parts(track: Track) -> Iterator[tuple[int, int]]:
    """Yield the runs of positions without a gap of half an hour."""
    first = 0
    for rank in range(1, len(track) + 1):
        if rank == len(track) or track.times[rank] - track.times[rank - 1] > GAP_SECONDS:
            yield first, rank - 1
            first = rank


def _stops(track: Track, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the stops: positions that stay near the first one for five minutes."""
    ranks = _thinned(track, first, last)
    held = 0
    while held < len(ranks):
        ahead = held + 1
        anchor = track.place(ranks[held])
        while ahead < len(ranks) and metres(anchor, track.place(ranks[ahead])) <= STOP_METRES:
            ahead += 1
        if track.times[ranks[ahead - 1]] - track.times[ranks[held]] >= STOP_SECONDS:
            yield ranks[held], ranks[ahead - 1]
            held = ahead
        else:
            held += 1


def _thinned(track: Track, first: int, last: int) -> list[int]:
    kept = [first]
    for rank in range(first + 1, last + 1):
        if track.times[rank] - track.times[kept[-1]] >= APART_SECONDS:
            kept.append(rank)
    return kept


def _middle(track: Track, first: int, last: int) -> Point:
    count = last - first + 1
    return sum(track.latitudes[first : last + 1]) / count, sum(track.longitudes[first : last + 1]) / count


def _purpose(arrived: datetime, starts: Sequence[datetime], labels: dict[datetime, str]) -> str:
    """Return the purpose of a trip that ends at home or at work, where a stay starts when the trip ends."""
    rank = bisect_left(starts, arrived - MEETS)
    if rank < len(starts) and (starts[rank] - arrived).total_seconds() <= STOP_SECONDS:
        return labels[starts[rank]]
    return ""


def _trip(legs: Sequence[Leg], purpose: str, source: SourceFile) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "debut": instant(legs[0].start),
        "fin": instant(legs[-1].end),
        "segments": [_segment(leg) for leg in legs],
    }
    payload |= {"motif": purpose} if purpose in {"domicile", "travail"} else {}
    return source.record("mobilite.trajet", payload, start=legs[0].start, end=legs[-1].end)


def _segment(leg: Leg) -> dict[str, Any]:
    return {
        "mode": leg.mode,
        "mode_confirme": leg.confirmed,
        "debut": instant(leg.start),
        "fin": instant(leg.end),
        "distance_m": round(leg.metres, 1),
        "origine": [round(one, 5) for one in leg.origin],
        "destination": [round(one, 5) for one in leg.destination],
    }


def _place(label: str, place: Point, source: SourceFile) -> dict[str, Any]:
    return source.record(
        "mobilite.lieu", {"etiquette": label, "latitude": round(place[0], 4), "longitude": round(place[1], 4)}
    )
