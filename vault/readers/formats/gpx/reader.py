"""GPX 1.0 and 1.1: recorded tracks, with or without time. Routes and waypoints are plans, so they are left out."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import HEAD, fold, guarded, head_of, local
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading, Unreadable
from vault.readers.subjects.measures import plain
from vault.readers.subjects.travel import Point, Track, Travel, point
from vault.readers.subjects.travel import facts as travel_facts

FORMAT = "gpx"
VERSION = "1.0.0"
CONTENT = re.compile(r"<(?:\w+:)?gpx\b")
#: The types of tracks written by Garmin, Strava, OsmAnd and Komoot.
MODES = {
    "walking": "marche",
    "hiking": "marche",
    "running": "marche",
    "cycling": "velo",
    "biking": "velo",
    "e-biking": "vae",
    "driving": "voiture",
    "car": "voiture",
    "motorcycling": "moto",
    "bus": "bus",
    "train": "train",
    "sailing": "bateau",
}


#: The elements that are read; the others, such as elevations and extensions, cost nothing.
ELEMENTS = tuple(f"{{*}}{name}" for name in ("trkpt", "trkseg", "trk", "type"))


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    travel, count, drawn, untimed = Travel(), 0, 0.0, False
    for kind, segment in _segments(data):
        count += len(segment.track)
        travel.doubted += segment.doubted
        untimed = untimed or segment.without_time > 0
        if track := segment.timed():
            travel.add_track(track, MODES.get(kind, "inconnu"))
        else:
            drawn += segment.track.length(0, len(segment.track) - 1)
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.RESIDENT))
    warnings = [sentences.NO_TIME] if untimed else []
    warnings += travel.warnings(records, drawn)
    facts = [Fact("positions", str(count)), Fact("path_length", plain((travel.read_metres + drawn) / 1000), "km")]
    facts += travel_facts(records) if records else []
    return Reading(FORMAT, records, [], warnings, 1, "application/gpx+xml", facts=facts)


@dataclass
class _Segment:
    """The positions of a segment; a missing or an impossible time is 0."""

    track: Track = field(default_factory=Track)
    without_time: int = 0
    doubted: int = 0

    def add(self, moment: float | None, place: Point) -> None:
        if moment is None:
            self.without_time += 1
        elif moment <= 0:
            self.doubted += 1
        self.track.add(moment if moment and moment > 0 else 0.0, place)

    def timed(self) -> Track | None:
        """Return the positions that have a time, or None if most have none: they are drawn, not recorded."""
        untimed = self.without_time + self.doubted
        if not untimed:
            return self.track if len(self.track) else None
        if untimed > len(self.track) / 2:
            return None
        found = Track()
        for rank, time in enumerate(self.track.times):
            if time:
                found.add(time, self.track.place(rank))
        return found


def _segments(data: bytes) -> Iterator[tuple[str, _Segment]]:
    """Yield each segment with the type of its track. Nothing is recorded between segments."""
    from lxml import etree

    if b"<!DOCTYPE" in data[:HEAD] or b"<!ENTITY" in data[:HEAD]:
        raise Unreadable("other_shape")
    kind, segment = "", _Segment()
    try:
        for _, element in etree.iterparse(
            io.BytesIO(data), events=("end",), tag=ELEMENTS, resolve_entities=False, no_network=True, load_dtd=False
        ):
            if element.tag.endswith("trkpt"):
                segment.add(_time(element), point(float(element.get("lat")), float(element.get("lon"))))
                _free(element)
                continue
            name = local(element)
            if name == "type" and local(element.getparent()) == "trk":
                kind = fold(element.text or "")
            elif name == "trkseg":
                yield kind, segment
                segment = _Segment()
                _free(element)
            elif name == "trk":
                kind = ""
    except etree.XMLSyntaxError:
        raise Unreadable("damaged") from None


def _free(element: Any) -> None:  # noqa: ANN401 - lxml is untyped
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _time(element: Any) -> float | None:  # noqa: ANN401 - lxml is untyped
    """Return the time, in UTC as the specification requires, even without the Z."""
    text = (element.findtext("{*}time") or "").strip()
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
