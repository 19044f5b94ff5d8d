"""Moves: distances, stops and gaps that end a trip, Google's four shapes, tracks with and without time."""

import json
import math
from typing import Any

import pytest

from tests.fixtures import travels
from tests.fixtures.readings import facts, payloads, read
from vault.readers import Reading, Unreadable
from vault.readers.files.stream import elements
from vault.readers.sentences import DOUBTED, NO_TIME, NO_TRIP, ODD_PARTS, PATH_ONLY, ROWS_NOT_PLACED
from vault.readers.subjects.travel import MEAN_RADIUS, metres

#: One degree of latitude on the mean sphere.
DEGREE = math.pi / 180 * MEAN_RADIUS


def gpx(*points: tuple[float, float, str], version: str = "1/1", kind: str = "") -> str:
    points_xml = "".join(
        f'<trkpt lat="{lat}" lon="{lon}">{f"<time>{time}</time>" if time else ""}</trkpt>' for lat, lon, time in points
    )
    head = f'<?xml version="1.0"?><gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/{version}">'
    return f"{head}<trk>{f'<type>{kind}</type>' if kind else ''}<trkseg>{points_xml}</trkseg></trk></gpx>"


def line(start: str, minutes: int, latitude: float = 46.0, step: float = 0.001) -> list[tuple[float, float, str]]:
    """Return points that move north by 111 metres per minute."""
    hour, minute = int(start[11:13]), int(start[14:16])
    stamps = [
        f"{start[:11]}{hour + (minute + rank) // 60:02}:{(minute + rank) % 60:02}:00Z" for rank in range(minutes)
    ]
    return [(round(latitude + step * rank, 6), -1.15, stamp) for rank, stamp in enumerate(stamps)]


def trips(reading: Reading) -> list[dict[str, Any]]:
    return payloads(reading, "mobilite.trajet")


def test_distances_are_those_of_the_mean_radius() -> None:
    """With the equator's radius, used by a common library, it would be 111.319 km."""
    assert round(metres((0, 0), (1, 0))) == round(DEGREE) == 111_195
    assert round(metres((46, 0), (46, 1)) / metres((0, 0), (0, 1)), 3) == round(math.cos(math.radians(46)), 3)
    assert metres((0, 0), (0, 180)) == pytest.approx(math.pi * MEAN_RADIUS)


@pytest.mark.parametrize("version", ["1/0", "1/1"])
def test_a_track_is_a_trip(version: str) -> None:
    reading = read("\ufeff" + gpx(*line("2024-06-15T10:00", 11), version=version, kind="cycling"))
    (trip,) = trips(reading)
    (leg,) = trip["segments"]
    assert (trip["debut"], trip["fin"]) == ("2024-06-15T10:00:00+00:00", "2024-06-15T10:10:00+00:00")
    assert (leg["mode"], leg["mode_confirme"], leg["origine"]) == ("velo", False, [46.0, -1.15])
    assert leg["distance_m"] == pytest.approx(DEGREE / 100, abs=1)
    assert facts(reading)["distance"] == "1.112"


def test_a_stop_ends_a_trip_and_a_shorter_one_does_not() -> None:
    there, back = line("2024-06-15T10:00", 10), line("2024-06-15T10:20", 10, latitude=46.009)
    waiting = [(46.009, -1.15, f"2024-06-15T10:{minute}:00Z") for minute in range(10, 20)]
    reading = read(gpx(*there, *waiting, *back))
    assert [(trip["debut"][11:16], trip["fin"][11:16]) for trip in trips(reading)] == [
        ("10:00", "10:09"),
        ("10:20", "10:29"),
    ]
    light = read(gpx(*there, *waiting[:2], *line("2024-06-15T10:12", 10, latitude=46.009)))
    assert len(trips(light)) == 1


def test_half_an_hour_without_a_position_ends_a_trip_and_adds_no_distance() -> None:
    reading = read(gpx(*line("2024-06-15T10:00", 10), *line("2024-06-15T11:00", 10, latitude=47.0)))
    assert len(trips(reading)) == 2
    assert sum(leg["distance_m"] for trip in trips(reading) for leg in trip["segments"]) < 2500


def test_a_track_without_time_has_a_length_and_is_not_a_trip() -> None:
    reading = read(gpx((46.0, -1.15, ""), (46.01, -1.15, "")))
    assert (facts(reading), trips(reading)) == ({"positions": "2", "path_length": "1.112"}, [])
    assert reading.warnings == [NO_TIME]


def test_a_frequent_place_is_kept_and_a_walk_round_the_block_is_not_a_trip() -> None:
    home = [(46.0, -1.15, f"2024-06-{day}T{hour}:00Z") for day in (15, 16, 17) for hour in ("10:00", "10:10", "10:20")]
    reading = read(gpx(*home))
    assert payloads(reading, "mobilite.lieu") == [{"etiquette": "autre", "latitude": 46.0, "longitude": -1.15}]
    assert trips(reading) == []
    assert read(gpx((46.0, -1.15, "2024-06-15T10:00:00Z"), (46.001, -1.15, "2024-06-15T10:01:00Z"))).warnings == [
        NO_TRIP
    ]


def segment(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"startTime": f"2024-06-15T{start}:00.000+02:00", "endTime": f"2024-06-15T{end}:00.000+02:00"} | more


def visit(start: str, end: str, place: object, kind: str = "UNKNOWN") -> dict[str, Any]:
    return segment(start, end, visit={"topCandidate": {"semanticType": kind, "placeLocation": place}})


def activity(
    start: str, end: str, origin: object, destination: object, kind: str = "WALKING", **more: Any
) -> dict[str, Any]:
    return segment(start, end, activity={"start": origin, "end": destination, "topCandidate": {"type": kind}} | more)


HERE, THERE, FAR = (
    {"latLng": "46.0000000°, -1.1500000°"},
    {"latLng": "46.0100000°, -1.1500000°"},
    {"latLng": "46.0200000, -1.1500000"},
)


def android(*segments: dict[str, Any], **more: Any) -> str:
    return json.dumps({"semanticSegments": list(segments)} | more, ensure_ascii=False)


def test_android_segments_are_read() -> None:
    reading = read(
        android(
            visit("08:00", "09:00", HERE, "HOME"),
            activity("09:00", "09:20", HERE, THERE, "IN_PASSENGER_VEHICLE", distanceMeters=1500.5),
            visit("09:20", "12:00", THERE, "WORK"),
        )
    )
    (trip,) = trips(reading)
    (leg,) = trip["segments"]
    assert (trip["debut"], trip["motif"], leg["mode"], leg["distance_m"]) == (
        "2024-06-15T07:00:00+00:00",
        "travail",
        "voiture",
        1500.5,
    )
    assert [(one["etiquette"], one["latitude"]) for one in payloads(reading, "mobilite.lieu")] == [
        ("domicile", 46.0),
        ("travail", 46.01),
    ]


def test_moves_without_a_stay_between_them_are_one_trip() -> None:
    walk, bus = activity("09:00", "09:10", HERE, THERE), activity("09:12", "09:30", THERE, FAR, "IN_BUS")
    (trip,) = trips(read(android(walk, bus)))
    assert [leg["mode"] for leg in trip["segments"]] == ["marche", "bus"]
    assert len(trips(read(android(walk, visit("09:10", "09:12", THERE), bus)))) == 2


def test_a_missing_distance_is_that_of_the_path() -> None:
    path = segment(
        "09:00", "11:00", timelinePath=[{"point": "46.0°, -1.14°", "time": "2024-06-15T09:10:00.000+02:00"}]
    )
    (straight,), (bent,) = (
        trips(read(android(activity("09:00", "09:20", HERE, THERE), *more))) for more in ([], [path])
    )
    assert straight["segments"][0]["distance_m"] == pytest.approx(DEGREE / 100, abs=1)
    assert bent["segments"][0]["distance_m"] > straight["segments"][0]["distance_m"] + 500


def test_a_path_alone_is_cut_into_trips() -> None:
    points = [
        {"point": f"{46 + rank / 1000:.4f}°, -1.15°", "time": f"2024-06-15T09:{rank:02}:00.000+02:00"}
        for rank in range(11)
    ]
    (trip,) = trips(read(android(segment("09:00", "11:00", timelinePath=points))))
    assert trip["segments"][0]["distance_m"] == pytest.approx(DEGREE / 100, abs=1)


def test_the_profile_names_home_and_work_without_degrees() -> None:
    profile = {
        "frequentPlaces": [
            {"label": "HOME", "placeLocation": "46.0, -1.15"},
            {"label": "WORK", "placeLocation": "46.01, -1.15"},
            {},
        ]
    }
    reading = read(android(activity("09:00", "09:20", HERE, THERE), userLocationProfile=profile))
    assert [one["etiquette"] for one in payloads(reading, "mobilite.lieu")] == ["domicile", "travail"]


def test_the_list_of_an_iphone_is_read() -> None:
    segments = [
        activity(
            "09:00", "09:20", "geo:46.0,-1.15", "geo:46.01,-1.15", "in passenger vehicle", distanceMeters="1500.5"
        ),
        visit("09:20", "12:00", "geo:46.01,-1.15", "Work"),
        segment(
            "09:00", "11:00", timelinePath=[{"point": "geo:46.0,-1.14", "durationMinutesOffsetFromStartTime": "10"}]
        ),
    ]
    reading = read(json.dumps(segments))
    (trip,) = trips(reading)
    assert (trip["motif"], trip["segments"][0]["mode"], trip["segments"][0]["distance_m"]) == (
        "travail",
        "voiture",
        1500.5,
    )
    assert facts(reading)["positions"] == "3"


def takeout(latitude: int = 460000000, longitude: int = -11500000) -> dict[str, Any]:
    ends = {
        "startLocation": {"latitudeE7": latitude, "longitudeE7": longitude},
        "endLocation": {"latitudeE7": 460100000, "longitudeE7": -11500000},
    }
    span = {"startTimestamp": "2019-06-15T07:00:00Z", "endTimestamp": "2019-06-15T07:20:00.123Z"}
    return {
        "activitySegment": ends
        | {"duration": span, "distance": 1500, "activityType": "CYCLING", "editConfirmationStatus": "CONFIRMED"}
    }


def test_takeout_objects_are_read() -> None:
    home = {"location": {"latitudeE7": 460100000, "longitudeE7": -11500000, "semanticType": "TYPE_HOME"}}
    stay = {
        "placeVisit": home
        | {"duration": {"startTimestamp": "2019-06-15T07:20:00Z", "endTimestamp": "2019-06-15T09:00:00Z"}}
    }
    (trip,) = trips(read(json.dumps({"timelineObjects": [takeout(), stay]})))
    (leg,) = trip["segments"]
    assert (leg["mode"], leg["mode_confirme"], leg["distance_m"], trip["motif"]) == ("velo", True, 1500, "domicile")


def test_a_coordinate_counted_up_from_two_to_the_32_is_negative() -> None:
    (trip,) = trips(read(json.dumps({"timelineObjects": [takeout(longitude=2**32 - 11500000)]})))
    assert trip["segments"][0]["origine"] == [46.0, -1.15]


def test_inaccurate_takeout_records_are_left_out() -> None:
    def record(minute: int, latitude: int, accuracy: int, **other: Any) -> dict[str, Any]:
        stamp = other or {"timestamp": f"2019-06-15T07:{minute:02}:00Z"}
        return {"latitudeE7": latitude, "longitudeE7": -11500000, "accuracy": accuracy} | stamp

    moving = [record(rank, 460000000 + 10000 * rank, 20) for rank in range(11)]
    (trip,) = trips(read(json.dumps({"locations": [*moving, record(5, 470000000, 18000)]})))
    assert trip["segments"][0]["distance_m"] == pytest.approx(DEGREE / 100, abs=1)
    old = [
        record(0, 460000000 + 10000 * rank, 20, timestampMs=str(1560582000000 + 60000 * rank)) for rank in range(11)
    ]
    assert trips(read(json.dumps({"locations": old})))[0]["debut"] == "2019-06-15T07:00:00+00:00"


def test_an_invalid_part_is_left_out_and_a_file_of_invalid_parts_is_refused() -> None:
    reading = read(
        android(activity("09:00", "09:20", HERE, THERE), {"activity": 3}, activity("10:00", "10:20", FAR, HERE))
    )
    assert (len(trips(reading)), reading.warnings) == (2, [ODD_PARTS])
    with pytest.raises(Unreadable):
        read(android({"visit": 3}, {"activity": None}, {"timelinePath": [{}]}))


def test_years_of_moves_are_read() -> None:
    reading = read(json.dumps(travels.android(30)))
    assert (facts(reading)["trips"], facts(reading)["places"], len(trips(reading))) == ("90", "3", 90)


@pytest.mark.parametrize(
    "text",
    [
        '{"semanticSegments": [{"a": 1}, ',
        '{"semanticSegments": []} x',
        '{"semanticSegments": [NaN]}',
        '{"semanticSegments"',
    ],
)
def test_a_truncated_timeline_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expect|follows|NaN|Expecting"):
        list(elements(text))
    if '"semanticSegments":' in text:
        with pytest.raises(Unreadable):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "time;lat;lon\n2024-06-15T10:00:00Z;46,0000;-1,1500\n2024-06-15T10:05:00Z;46,0100;-1,1500\n",
        "Latitude,Longitude,Timestamp\n46.0,-1.15,1718445600\n46.01,-1.15,1718445900\n",
        "timestamp\tlat\tlng\n1718445600000\t46.0\t-1.15\n1718445900000\t46.01\t-1.15\n",
        "Date;Lat;Lon\n15/06/2024 12:00:00;46,0;-1,15\n15/06/2024 12:05:00;46,01;-1,15\n",
    ],
    ids=["decimal commas", "seconds since 1970", "milliseconds", "French local time"],
)
def test_positions_are_read_from_csv(text: str) -> None:
    (trip,) = trips(read(text))
    assert (trip["debut"], trip["fin"]) == ("2024-06-15T10:00:00+00:00", "2024-06-15T10:05:00+00:00")
    assert trip["segments"][0]["distance_m"] == pytest.approx(DEGREE / 100, abs=1)


def test_impossible_positions_are_left_out() -> None:
    reading = read(
        "time,lat,lon,accuracy\n2024-06-15T10:00:00Z,146,0,5\nhier,46,0,5\n"
        "2024-06-15T10:00:00Z,46,0,9000\n2024-06-15T10:00:00Z,46\n"
    )
    assert (reading.records, facts(reading)["positions"], reading.warnings) == ([], "4", [ROWS_NOT_PLACED, NO_TRIP])


@pytest.mark.parametrize(
    "text",
    [
        gpx((146.0, 0.0, "2024-06-15T10:00:00Z")),
        gpx((46.0, 0.0, "hier")),
        gpx((46.0, 0.0, "2024-06-15T10:00:00Z"))[:-30],
        '<!DOCTYPE gpx [<!ENTITY a "46">]>'
        + gpx((46.0, 0.0, "")).replace('"46.0"', '"&a;"').removeprefix('<?xml version="1.0"?>'),
    ],
)
def test_a_broken_track_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text)
    assert refusal.value.code in {"damaged", "other_shape"}


def hike(minutes: int, speed: float = 0.3, start: int = 0) -> list[tuple[float, float, str]]:
    """Return a steep path: a position every ten seconds, climbing at `speed` metres a second in zigzags."""
    found = []
    for rank in range(minutes * 6):
        seconds = start * 60 + rank * 10
        place = 46.0 + speed * rank * 10 / DEGREE, -1.15 + (0.0002 if rank // 6 % 2 else 0)
        found.append((*place, f"2024-06-15T{8 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"))
    return found


def test_a_slow_climb_keeps_its_metres() -> None:
    """At 0.3 metre a second, 150 metres last more than eight minutes: it is walking all the same."""
    reading = read(gpx(*hike(90)))
    (trip,) = trips(reading)
    walked = float(facts(reading)["path_length"])
    assert (trip["debut"][11:16], trip["fin"][11:16]) == ("08:00", "09:29")
    assert float(facts(reading)["distance"]) == pytest.approx(walked, rel=0.001)


def test_a_rest_on_a_climb_is_a_stop() -> None:
    climb = hike(30)
    rest = [(climb[-1][0], climb[-1][1], f"2024-06-15T08:{minute}:30Z") for minute in range(30, 45)]
    onward = [(lat + 0.005, lon, time) for lat, lon, time in hike(30, start=46)]
    assert len(trips(read(gpx(*climb, *rest, *onward)))) == 2


def test_who_wanders_at_one_place_stays_once() -> None:
    """Positions of somebody at home are thirty metres apart or more: they make no trip."""
    places = [(46.0 + (rank * 7 % 5) * 0.00012, -1.15 + (rank * 3 % 4) * 0.00012) for rank in range(60)]
    wandering = [(*place, f"2024-06-15T10:{rank:02}:00Z") for rank, place in enumerate(places)]
    assert trips(read(gpx(*line("2024-06-15T09:40", 20, latitude=45.98), *wandering)))[0]["fin"][11:16] <= "10:01"
    assert len(trips(read(gpx(*line("2024-06-15T09:40", 20, latitude=45.98), *wandering)))) == 1


@pytest.mark.parametrize("stamp", ["1901-12-13T20:45:52Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_dates_before_1970_are_doubted_and_the_length_is_shown(stamp: str) -> None:
    reading = read(gpx((46.0, -1.15, stamp), (46.01, -1.15, stamp)))
    assert (trips(reading), facts(reading)["path_length"]) == ([], "1.112")
    assert reading.warnings == [DOUBTED, PATH_ONLY]


def test_a_jump_that_nobody_makes_belongs_to_no_trip() -> None:
    walk = line("2024-06-15T10:00", 11)
    jump = (10.0, 10.0, "2024-06-15T10:05:30Z")
    reading = read(gpx(*walk[:6], jump, *walk[6:]))
    assert DOUBTED in reading.warnings
    assert float(facts(reading)["distance"]) == pytest.approx(1.0, abs=0.12)


def _with_a_jump(north: float, kind: str) -> Reading:
    """Read a walk of ten minutes in which one position, and no other, is this many degrees farther north."""
    walk = line("2024-06-15T10:00", 11)
    away = (walk[5][0] + north, -1.15, walk[5][2])
    return read(gpx(*walk[:5], away, *walk[6:], kind=kind))


@pytest.mark.parametrize(
    ("north", "kind", "doubted"),
    [
        # Of a minute: 0.36 degrees are 667 metres a second, 0.1 are 185, 0.02 are 37, 0.004 are 7.
        (0.36, "", True),
        (0.1, "", True),
        (0.02, "", False),
        (0.02, "walking", True),
        (0.02, "cycling", True),
        (0.02, "driving", False),
        (0.1, "driving", True),
        (0.004, "walking", False),
    ],
)
def test_a_jump_is_doubted_by_the_mode_and_by_the_steps_around_it(north: float, kind: str, doubted: bool) -> None:
    assert (DOUBTED in _with_a_jump(north, kind).warnings) is doubted


def test_an_aeroplane_is_as_fast_for_more_than_one_step() -> None:
    flight = line("2024-06-15T10:00", 20, step=0.12)
    reading = read(gpx(*flight))
    assert DOUBTED not in reading.warnings and len(trips(reading)) == 1


def test_a_move_faster_than_anybody_is_doubted() -> None:
    reading = read(android(activity("09:00", "09:20", HERE, THERE, distanceMeters=2e9)))
    assert (trips(reading), reading.warnings[0]) == ([], DOUBTED)


def test_a_missing_end_comes_from_the_path() -> None:
    move: dict[str, Any] = activity("09:00", "09:20", HERE, THERE)
    del move["activity"]["start"], move["activity"]["end"]
    steps = [{"point": f"{46 + rank / 1000}°, -1.15°", "time": f"2024-06-15T09:{rank:02}:00+02:00"} for rank in (1, 9)]
    path = {"startTime": move["startTime"], "endTime": move["endTime"], "timelinePath": steps}
    (trip,) = trips(read(android(move, path)))
    (leg,) = trip["segments"]
    assert (leg["origine"], leg["destination"]) == ([46.001, -1.15], [46.009, -1.15])
    assert read(android(move)).warnings == [ODD_PARTS, NO_TRIP]


def test_a_missing_end_comes_from_the_waypoints() -> None:
    move = takeout()
    del move["activitySegment"]["startLocation"], move["activitySegment"]["endLocation"]
    del move["activitySegment"]["distance"]
    points = [{"latE7": 460000000 + 10000 * rank, "lngE7": -11500000} for rank in range(11)]
    move["activitySegment"]["waypointPath"] = {"waypoints": points}
    (trip,) = trips(read(json.dumps({"timelineObjects": [move]})))
    assert trip["segments"][0]["distance_m"] == pytest.approx(DEGREE / 100, abs=1)


def test_a_path_that_no_activity_covers_is_a_trip() -> None:
    steps = [
        {"point": f"{46.5 + rank / 1000}°, -1.15°", "time": f"2024-06-15T12:{rank:02}:00+02:00"} for rank in range(9)
    ]
    path = {
        "startTime": "2024-06-15T12:00:00+02:00",
        "endTime": "2024-06-15T14:00:00+02:00",
        "timelinePath": steps,
    }
    reading = read(android(activity("09:00", "09:20", HERE, THERE), path, visit("13:00", "14:00", THERE)))
    assert [trip["debut"][11:16] for trip in trips(reading)] == ["07:00", "10:00"]
    covered = read(android(activity("12:00", "12:08", HERE, THERE), path))
    assert len(trips(covered)) == 1, "the path of a move is not a second one"


def test_a_distance_that_was_read_is_never_no_trip() -> None:
    loop = [*line("2024-06-15T10:00", 2), *line("2024-06-15T10:40", 2, latitude=46.1)]
    reading = read(gpx(*loop, *line("2024-06-15T11:20", 2)))
    assert (trips(reading), facts(reading)["path_length"], reading.warnings) == ([], "0.334", [PATH_ONLY])


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,latitudeE7,longitudeE7\n1718445600,460000000,-11500000\n1718445900,460100000,-11500000\n",
        "time;lat;lon\n1718445600;46,00 N;1,15 W\n1718445900;46,01 N;1,15 W\n",
        "time|latitude|longitude\n1718445600|N 46.00|O 1.15\n1718445900|N46.01°|1.15°O\n",
        "date;heure;lat;lon\n15/06/2024;12:00:00;46,0;-1,15\n15/06/2024;12:05;46,01;-1,15\n",
    ],
    ids=["E7", "letters after", "letters before", "day and hour apart"],
)
def test_other_tables_of_positions_are_read(text: str) -> None:
    (trip,) = trips(read(text))
    assert (trip["debut"], trip["fin"]) == ("2024-06-15T10:00:00+00:00", "2024-06-15T10:05:00+00:00")
    assert trip["segments"][0]["origine"] == [46.0, -1.15]
