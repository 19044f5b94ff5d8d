"""Blocks of measures: local months, days of 46, 48 and 50 half-hours, gaps, steps that change."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from vault.readers.files.source_file import SourceFile
from vault.readers.subjects.measures import PARIS, Flow, Measure, Row, Series, facts, steps_of

CURVE = Flow("14000000000000", "soutirage", "puissance_moyenne", "W")
DAYS = Flow("14000000000000", "soutirage", "energie", "Wh")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp())


def series_of(*measures: Measure) -> Series:
    series = Series()
    for measure in measures:
        series.add(CURVE, measure)
    return series


def blocks(series: Series) -> list[dict[str, Any]]:
    return [
        record["payload"] for record in series.records(SourceFile(b"", format="test", version="1.0.0", holder="Test"))
    ]


def half_hours(first: str, last: str) -> list[Measure]:
    return [Measure(start, 1800, 100) for start in range(at(first), at(last), 1800)]


@pytest.mark.parametrize(("day", "count"), [("2023-03-26", 46), ("2023-03-27", 48), ("2023-10-29", 50)])
def test_a_local_day_has_46_48_or_50_half_hours(day: str, count: int) -> None:
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    (block,) = blocks(series_of(*half_hours(day, following)))
    assert len(block["valeurs"]) == count


def test_a_block_is_a_month_of_the_local_calendar() -> None:
    first, second = blocks(series_of(*half_hours("2023-06-30", "2023-07-02")))
    assert (first["debut"], len(first["valeurs"])) == ("2023-06-29T22:00:00+00:00", 48)
    assert (second["debut"], len(second["valeurs"])) == ("2023-06-30T22:00:00+00:00", 48)


def test_a_missing_measure_is_null_and_flagged() -> None:
    measures = half_hours("2023-06-01", "2023-06-02")
    del measures[10:12]
    series = series_of(*measures)
    (record,) = series.records(SourceFile(b"", format="test", version="1.0.0", holder="Test"))
    assert record["payload"]["valeurs"][9:13] == [100, None, None, 100]
    assert record["provenance"]["quality"] == ["gap"]
    assert {fact.code: fact.value for fact in facts([record])}["gaps"] == "2"


def test_days_are_days_of_the_calendar_across_the_change_of_hour() -> None:
    series = Series()
    for day in (25, 26, 27):
        series.add_day(DAYS, date(2023, 3, day), day)
    (block,) = blocks(series)
    assert (block["pas_s"], block["valeurs"]) == (86400, [25, 26, 27])


def test_the_order_resolves_the_hour_repeated_in_autumn() -> None:
    stamps = [
        datetime.fromisoformat(f"2023-10-29T{hour}") for hour in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")
    ]
    series = Series()
    series.add_curve(CURVE, [Row(stamp, rank) for rank, stamp in enumerate(stamps)], stamps_end=True)
    (block,) = blocks(series)
    assert (block["debut"], block["pas_s"], block["valeurs"]) == (
        "2023-10-28T23:00:00+00:00",
        1800,
        [0, 1, 2, 3, 4, 5],
    )


def test_stamps_that_start_their_interval_take_the_next_step() -> None:
    stamps = [datetime(2023, 6, 1, hour) for hour in range(6)] + [
        datetime(2023, 6, 1, 6, minute) for minute in (0, 10, 20, 30, 40)
    ]
    series = Series()
    series.add_curve(CURVE, [Row(stamp, 100) for stamp in stamps], stamps_end=False)
    assert [(block["pas_s"], len(block["valeurs"])) for block in blocks(series)] == [(600, 5), (3600, 6)]


def test_a_change_of_step_makes_no_gaps() -> None:
    stamps = [*range(0, 36000, 3600), *range(36000, 54000, 1800), *range(54000, 60000, 600)]
    steps = steps_of(stamps)
    assert steps[:11] == [3600] * 11
    assert steps[11:20] == [1800] * 9
    assert set(steps[21:]) == {600}


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_gap_is_not_a_change_of_step(lost: int) -> None:
    stamps = list(range(0, 72000, 1800))
    del stamps[20 : 20 + lost]
    assert set(steps_of(stamps)) == {1800}


def test_energy_follows_each_measures_own_step() -> None:
    """A sum at half an hour throughout would give 0.15 kWh."""
    series = series_of(Measure(0, 3600, 100), Measure(3600, 3600, 100), Measure(7200, 1800, 100))
    records = series.records(SourceFile(b"", format="test", version="1.0.0", holder="Test"))
    assert {fact.code: fact.value for fact in facts(records)}["energy_total"] == "0.25"
    assert [(block["pas_s"], block["valeurs"]) for block in blocks(series)] == [(1800, [100]), (3600, [100, 100])]


def test_a_repeated_stamp_keeps_its_last_value_with_a_flag() -> None:
    series = series_of(Measure(0, 1800, 1), Measure(0, 1800, 2))
    (record,) = series.records(SourceFile(b"", format="test", version="1.0.0", holder="Test"))
    assert record["payload"]["valeurs"] == [2]
    assert record["provenance"]["quality"] == ["duplicate"]


def test_dates_far_apart_are_refused() -> None:
    series = Series()
    for year in range(1500, 2000):
        for month in range(1, 13):
            series.add_day(DAYS, date(year, month, 1), 1)
    with pytest.raises(ValueError, match="too many months"):
        blocks(series)
