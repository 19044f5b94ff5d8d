"""GPX 1.0 and 1.1: recorded tracks, with or without time. Routes and waypoints are plans, so they are left out."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import HEAD, fold, guarded, head_of, local
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading, Unreadable
from vault.readers.subjects.measures import plain
from vault.readers.subjects.travel import Track, Travel, point

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


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    travel, count, length, timed = Travel(), 0, 0.0, True
    for kind, track, whole in _tracks(data):
        count += len(track)
        length += track.length(0, len(track) - 1)
        timed = timed and whole
        if whole and len(track):
            travel.add_track(track, MODES.get(kind, "inconnu"))
    records = travel.records(SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.RESIDENT))
    warnings = [] if timed else [sentences.NO_TIME]
    warnings += [] if records or not timed else [sentences.NO_TRIP]
    others = [fact for fact in travel.facts(0) if fact.code != "distance"] if records else []
    facts = [Fact("positions", str(count)), Fact("distance", plain(length / 1000), "km"), *others]
    return Reading(FORMAT, records, [], warnings, 1, "application/gpx+xml", facts=facts)


def _tracks(data: bytes) -> Iterator[tuple[str, Track, bool]]:
    """Yield each segment's type, positions and whether all have a time. Nothing is recorded between segments."""
    from lxml import etree

    if b"<!DOCTYPE" in data[:HEAD] or b"<!ENTITY" in data[:HEAD]:
        raise Unreadable("damaged")
    kind, track, timed = "", Track(), True
    try:
        for _, element in etree.iterparse(
            io.BytesIO(data), events=("end",), resolve_entities=False, no_network=True, load_dtd=False
        ):
            name = local(element)
            if name == "trkpt":
                moment = _time(element)
                timed = timed and moment is not None
                track.add(moment or 0.0, point(float(element.get("lat")), float(element.get("lon"))))
                _free(element)
            elif name == "type" and local(element.getparent()) == "trk":
                kind = fold(element.text or "")
            elif name == "trkseg":
                yield kind, track, timed
                track, timed = Track(), True
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
    text = next((child.text or "" for child in element if local(child) == "time"), "").strip()
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
