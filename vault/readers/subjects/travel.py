"""Convert positions to trips and frequent places. The positions themselves are not stored.

A trip runs from one stop to the next. A stop is staying, not walking slowly: five minutes in which one gets no farther
than 0.2 metre for each second, and 150 metres at most; or half an hour without any position. Distances are those of a
sphere of mean radius 6,371.0088 km; the equator's radius would add 0.11 %.
"""

import dataclasses
import itertools
import math
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers import sentences
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Fact, Unreadable
from vault.readers.subjects.measures import PARIS, plain

MEAN_RADIUS = 6_371_008.8
METRES_A_DEGREE = MEAN_RADIUS * math.pi / 180
#: The degrees between positions that a plane is enough for.
NEAR = 0.01
HALF_RADIAN = math.pi / 360
STOP_METRES, STOP_SECONDS = 150, 300
#: Who stays gets no farther than this many metres for each second; a steep path is climbed at 0.25.
STAYING_SPEED = 0.2
GAP_SECONDS = 1800
#: No traveller is faster than this many metres a second: the position is wrong, or its time.
FASTEST = 350
#: The same of who says how they went, and of whatever stays on the ground.
FASTEST_BY_MODE = {
    "marche": 12,
    "velo": 30,
    "vae": 30,
    "bus": 60,
    "bateau": 50,
    "voiture": 100,
    "moto": 100,
    "train": 110,
}
FASTEST_ON_LAND = 110
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


def _step(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance between two positions of a track; within a kilometre the Earth is flat to the millimetre."""
    north, east = lat2 - lat1, lon2 - lon1
    if not (-NEAR < north < NEAR and -NEAR < east < NEAR):
        return metres((lat1, lon1), (lat2, lon2))
    return METRES_A_DEGREE * math.hypot(north, east * math.cos((lat1 + lat2) * HALF_RADIAN))


def seconds_of(moment: datetime) -> float:
    """Return the seconds since 1970.

    Raises:
        ValueError: the moment is before 1970, when nobody recorded positions.
    """
    if moment.timestamp() < 0:
        raise ValueError("before 1970")
    return moment.timestamp()


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
        self._sums = array("d")

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
        if any(before > after for before, after in itertools.pairwise(times)):
            order = sorted(range(len(times)), key=times.__getitem__)
            for name in ("times", "latitudes", "longitudes"):
                held = getattr(self, name)
                setattr(self, name, array("d", (held[rank] for rank in order)))
            self._sums = array("d")

    def _lengths(self) -> "array[float]":
        """Return the length of the track up to each position."""
        if len(self._sums) != len(self.times):
            places = zip(self.latitudes, self.longitudes, strict=True)
            steps = (_step(*before, *after) for before, after in itertools.pairwise(places))
            self._sums = array("d", itertools.accumulate(steps, initial=0.0))
        return self._sums

    def length(self, first: int, last: int) -> float:
        return self._lengths()[last] - self._lengths()[first] if last > first else 0.0

    def jumps(self, mode: str) -> list[int]:
        """Return the ranks that nobody could reach from the position before by this mode.

        Without a mode, a step faster than a train is a jump if it is alone, or goes somewhere and back.
        """
        lengths, limit = self._lengths(), FASTEST_BY_MODE.get(mode, FASTEST)
        far = [rank for rank in range(1, len(lengths)) if lengths[rank] - lengths[rank - 1] > FASTEST]
        return [rank for rank in far if self._speed(rank) > limit or limit == FASTEST and self._is_jump(rank)]

    def _speed(self, rank: int) -> float:
        """Return the metres a second from the position before to this one; 0 where there is none."""
        if not 0 < rank < len(self.times):
            return 0.0
        return self.length(rank - 1, rank) / max(1.0, self.times[rank] - self.times[rank - 1])

    def _is_jump(self, rank: int) -> bool:
        before, at, after = (self._speed(near) for near in (rank - 1, rank, rank + 1))
        alone = max(before, after) <= FASTEST_ON_LAND or self._is_back(rank) or self._is_back(rank - 1)
        return at > FASTEST_ON_LAND and alone

    def _is_back(self, rank: int) -> bool:
        """Return whether the position after this one is back near the one before it."""
        if not 0 < rank < len(self.times) - 1:
            return False
        return metres(self.place(rank - 1), self.place(rank + 1)) < self.length(rank - 1, rank) / 2

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
    """The moves and stays of a file.

    `doubted` counts what is left out for its time or speed; `read_metres` is the length of all the tracks.
    """

    legs: list[Leg] = dataclasses.field(default_factory=list)
    stays: list[Stay] = dataclasses.field(default_factory=list)
    #: Places named by the holder.
    named: dict[str, Point] = dataclasses.field(default_factory=dict)
    zone: ZoneInfo = PARIS
    doubted: int = 0
    read_metres: float = 0

    def add_track(self, track: Track, mode: str = "inconnu") -> None:
        """Find the stops, then add the moves between them. A jump that nobody makes belongs to no move."""
        track.sort()
        jumps = track.jumps(mode)
        self.doubted += len(jumps)
        for first, last in _parts(track, set(jumps)):
            self.read_metres += track.length(first, last)
            begin = first
            for start, end in _stops(track, first, last):
                self._add_leg(track, begin, start, mode)
                self.stays.append(Stay(track.moment(start), track.moment(end), _middle(track, start, end)))
                begin = end
            self._add_leg(track, begin, last, mode)

    def add_leg(self, leg: Leg) -> None:
        """Add a move, unless it is too fast for anybody."""
        if leg.metres > FASTEST * max(1.0, (leg.end - leg.start).total_seconds()):
            self.doubted += 1
        else:
            self.legs.append(leg)

    def _add_leg(self, track: Track, first: int, last: int, mode: str) -> None:
        length = track.length(first, last)
        if length >= SHORTEST_TRIP:
            self.add_leg(
                Leg(track.moment(first), track.moment(last), length, track.place(first), track.place(last), mode)
            )

    def warnings(self, records: Sequence[Mapping[str, Any]], drawn: float = 0) -> list[str]:
        """Return what is said of the moves left out, and of a file of which nothing is kept.

        Args:
            drawn: metres of paths without time. Their own sentence is said by the caller.
        """
        found = [sentences.DOUBTED] if self.doubted else []
        if records or drawn and not self.doubted:
            return found
        return [*found, sentences.PATH_ONLY if self.read_metres + drawn >= SHORTEST_TRIP else sentences.NO_TRIP]

    def records(self, source: SourceFile) -> list[dict[str, Any]]:
        trips = list(self._trips())
        if len(trips) > MAX_TRIPS:
            raise Unreadable("too_many")
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


def facts(records: Sequence[Mapping[str, Any]], positions: int = 0) -> list[Fact]:
    """Return the totals of the trips and places among these records, after the number of positions read."""
    trips = [record["payload"] for record in records if record["type"] == "mobilite.trajet"]
    places = sum(record["type"] == "mobilite.lieu" for record in records)
    length = sum(leg["distance_m"] for trip in trips for leg in trip["segments"])
    days = sorted(
        datetime.fromisoformat(trip[name]).astimezone(PARIS).date() for trip in trips for name in ("debut", "fin")
    )
    found = [Fact("positions", str(positions))] if positions else []
    found += [Fact("trips", str(len(trips))), Fact("distance", plain(length / 1000), "km")]
    found += [Fact("places", str(places))]
    return found + ([Fact("first_day", days[0].isoformat()), Fact("last_day", days[-1].isoformat())] if days else [])


def _parts(track: Track, jumps: Set[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of positions without a gap of half an hour and without a jump."""
    first = 0
    for rank in range(1, len(track) + 1):
        if rank == len(track) or rank in jumps or track.times[rank] - track.times[rank - 1] > GAP_SECONDS:
            yield first, rank - 1
            first = rank


def _stops(track: Track, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the stops: the first and the last position of each.

    Stays that follow each other within five minutes, at one place, are one: positions wander around who stays.
    """
    ranks = _thinned(track, first, last)
    held: tuple[int, int] | None = None
    for start, end in _stays(track, ranks):
        if held is None:
            held = start, end
        elif start <= held[1] or _is_same_stop(track, held[1], start):
            held = held[0], max(held[1], end)
        else:
            yield held
            held = start, end
    if held is not None:
        yield held


def _is_same_stop(track: Track, end: int, start: int) -> bool:
    return (
        track.times[start] - track.times[end] <= STOP_SECONDS
        and metres(track.place(end), track.place(start)) <= STAYING_SPEED * STOP_SECONDS
    )


def _stays(track: Track, ranks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each position after which one stays for five minutes, with the position that ends them."""
    times, ahead = track.times, 0
    for held, rank in enumerate(ranks):
        ahead = max(ahead, held)
        while ahead < len(ranks) and times[ranks[ahead]] - times[rank] < STOP_SECONDS:
            ahead += 1
        if ahead == len(ranks):
            return
        limit = min(STOP_METRES, STAYING_SPEED * (times[ranks[ahead]] - times[rank]))
        anchor = track.place(rank)
        near = limit / METRES_A_DEGREE * 1.001
        if all(
            abs(track.latitudes[other] - anchor[0]) <= near and metres(anchor, track.place(other)) <= limit
            for other in ranks[held + 1 : ahead + 1]
        ):
            yield rank, ranks[ahead]


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
