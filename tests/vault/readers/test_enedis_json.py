"""Enedis Data Connect v5: stamps that end the interval, local time, direction given by the path."""

import json
from typing import Any

import pytest

from tests.fixtures.readings import facts, payloads, read
from vault.readers import Unreadable

CURVE = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
DAILY = {"unit": "Wh", "measurement_kind": "energy", "aggregate": "sum", "measuring_period": "P1D"}
POWER = {"unit": "VA", "measurement_kind": "power", "aggregate": "maximum", "measuring_period": "P1D"}


def answer(kind: dict[str, str], items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    common = {"usage_point_id": "14000000000000", "start": "2023-04-01", "end": "2023-04-02", "quality": "BRUT"}
    return {"meter_reading": common | {"reading_type": kind, "interval_reading": items} | more}


def curve(*stamps: str, length: str | None = "PT30M", value: str = "100") -> dict[str, Any]:
    step = {"interval_length": length} if length else {}
    return answer(CURVE, [{"value": value, "date": stamp, "measure_type": "B"} | step for stamp in stamps])


def test_the_stamp_of_a_load_curve_ends_its_half_hour() -> None:
    """Midnight ends the day before: read as a start, the last half-hour would be on the next day."""
    reading = read(json.dumps(curve("2023-04-01 00:30:00", "2023-04-01 23:30:00", "2023-04-02 00:00:00")))
    (block,) = payloads(reading, "energie.serie")
    assert block["debut"] == "2023-03-31T22:00:00+00:00"
    assert len(block["valeurs"]) == 48
    assert facts(reading)["last_day"] == "2023-04-01"
    assert facts(reading)["energy_total"] == "0.15"


def test_stamps_are_local_time() -> None:
    (winter,) = payloads(read(json.dumps(curve("2023-01-10 00:30:00"))), "energie.serie")
    assert winter["debut"] == "2023-01-09T23:00:00+00:00"


def test_the_autumn_day_has_fifty_half_hours() -> None:
    stamps = [f"2023-10-29 {half // 2:02}:{half % 2 * 30:02}:00" for half in (*range(1, 6), 4, 5, *range(6, 48))]
    (block,) = payloads(read(json.dumps(curve(*stamps, "2023-10-30 00:00:00"))), "energie.serie")
    assert len(block["valeurs"]) == 50
    assert None not in block["valeurs"]


def test_each_point_has_its_own_length() -> None:
    document = curve("2023-04-01 01:00:00", length="PT60M")
    document["meter_reading"]["interval_reading"] += curve("2023-04-01 01:10:00", length="PT10M")["meter_reading"][
        "interval_reading"
    ]
    reading = read(json.dumps(document))
    assert facts(reading)["energy_total"] == "0.117"
    assert [block["pas_s"] for block in payloads(reading, "energie.serie")] == [600, 3600]


def test_missing_lengths_are_deduced() -> None:
    (block,) = payloads(
        read(json.dumps(curve("2023-04-01 01:00:00", "2023-04-01 02:00:00", length=None))), "energie.serie"
    )
    assert block["pas_s"] == 3600


def test_days_and_highest_powers_are_read() -> None:
    days = read(
        json.dumps(answer(DAILY, [{"value": "11776", "date": "2023-04-01"}, {"value": "14401", "date": "2023-04-02"}]))
    )
    assert facts(days)["energy_total"] == "26.177"
    powers = read(json.dumps(answer(POWER, [{"value": "4638", "date": "2023-04-01 12:06:20"}])))
    (block,) = payloads(powers, "energie.serie")
    assert (block["grandeur"], block["unite"], block["valeurs"]) == ("puissance_max", "VA", [4638])
    assert [(fact.value, fact.unit) for fact in powers.facts if fact.code == "power_max"] == [("4638", "VA")]


@pytest.mark.parametrize(
    "path", ["/metering_data_dp/v5/daily_production", "metering_data_plc/v5/production_load_curve"]
)
def test_the_path_shows_that_energy_is_produced(path: str) -> None:
    document = json.dumps(answer(DAILY, [{"value": "643", "date": "2023-04-01"}]))
    (block,) = payloads(read(document, endpoint=path), "energie.serie")
    assert block["flux"] == "production"
    (block,) = payloads(read(document, endpoint="/metering_data_dc/v5/daily_consumption"), "energie.serie")
    assert block["flux"] == "soutirage"


def test_several_answers_make_whole_months() -> None:
    """A call returns seven days at most."""
    weeks = [curve(*[f"2023-05-{day:02} 12:00:00" for day in range(first, first + 7)]) for first in (1, 8)]
    (block,) = payloads(read(json.dumps(weeks)), "energie.serie")
    assert sum(value is not None for value in block["valeurs"]) == 14


def test_an_empty_answer_gives_a_warning() -> None:
    reading = read(json.dumps(answer(DAILY, [])))
    assert (reading.records, len(reading.warnings)) == ([], 1)


def test_the_contract_of_a_delivery_point_is_read() -> None:
    contract = {
        "segment": "C5",
        "subscribed_power": "9 kVA",
        "distribution_tariff": "BTINFCUST",
        "offpeak_hours": "HC (23h00-7h00)",
    }
    point = {"usage_point": {"usage_point_id": "14000000000000", "meter_type": "AMM"}, "contracts": contract}
    (payload,) = payloads(
        read(json.dumps({"customer": {"customer_id": "1", "usage_points": [point]}})), "energie.point"
    )
    assert (payload["puissance_souscrite_kva"], payload["heures_creuses"], payload["segment"]) == (
        9,
        "23h00-7h00",
        "C5",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"interval_reading": [{"value": "1e999", "date": "2023-04-01"}]},
        {"interval_reading": [{"value": "1", "date": "99999-04-01"}]},
        {"interval_reading": {"value": 1}},
        {"interval_reading": [None]},
        {"reading_type": {"unit": "furlong"}},
        {"reading_type": None},
    ],
)
def test_a_broken_answer_is_refused(change: dict[str, Any]) -> None:
    document = answer(DAILY, [{"value": "1", "date": "2023-04-01"}], **change)
    if change.get("interval_reading") == [{"value": "1e999", "date": "2023-04-01"}]:
        document["meter_reading"]["interval_reading"][0]["value"] = 1e300
    with pytest.raises(Unreadable) as refusal:
        read(json.dumps(document), endpoint="/metering_data_dc/v5/daily_consumption")
    assert refusal.value.code in {"damaged", "other_shape"}
