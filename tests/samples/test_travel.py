"""Real files of moves, beside the repository: the totals are those of their index."""

import pytest

from tests.fixtures.readings import SAMPLES, facts, payloads, read
from vault.readers import Reading

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside this repository")


def sample(name: str) -> Reading:
    return read((SAMPLES / "mobilite" / name).read_bytes())


def test_android() -> None:
    reading = sample("google_timeline_android.json")
    (trip,) = payloads(reading, "mobilite.trajet")
    legs = [(leg["mode"], round(leg["distance_m"])) for leg in trip["segments"]]
    assert legs == [("voiture", 1157), ("inconnu", 246)], "the path after the drive is a move too"
    assert facts(reading)["positions"] == "3"
    assert [one["etiquette"] for one in payloads(reading, "mobilite.lieu")] == ["domicile", "travail"]


def test_takeouts_records() -> None:
    assert facts(sample("google_takeout_records.json"))["positions"] == "3"


def test_positions_with_decimal_commas() -> None:
    reading = sample("gps_semicolon_eu.csv")
    assert facts(reading)["positions"] == "3"
    (trip,) = payloads(reading, "mobilite.trajet")
    assert (trip["debut"], trip["fin"]) == ("2024-06-15T10:30:00+00:00", "2024-06-15T10:32:00+00:00")


def test_a_drive() -> None:
    reading = sample("around-visnjan-with-car.gpx")
    assert (facts(reading)["positions"], facts(reading)["distance"]) == ("104", "2.733")
    (trip,) = payloads(reading, "mobilite.trajet")
    assert (trip["debut"], trip["fin"]) == ("2020-12-18T06:15:50+00:00", "2020-12-18T06:24:24+00:00")


def test_a_track_without_time() -> None:
    reading = sample("track-with-extremes.gpx")
    assert facts(reading)["positions"] == "25"
    assert float(facts(reading)["path_length"]) == pytest.approx(2.2035, abs=0.0006)
    assert payloads(reading, "mobilite.trajet") == []


def test_a_file_with_all_elements_of_gpx() -> None:
    assert facts(sample("gpx1.1_with_all_fields.gpx"))["positions"] == "1"
