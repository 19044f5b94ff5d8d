"""Opening hours as OpenStreetMap writes them."""

from datetime import UTC, date, datetime, time

import pytest

from services.places import hours
from services.places.hours import PARIS, State

COUNTER = "Mo-Fr 09:00-12:00,13:30-17:00; Sa 09:00-12:00; PH off"


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=PARIS)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        (COUNTER, at(2026, 11, 28, 10), State(True, at(2026, 11, 28, 12))),
        (COUNTER, datetime(2026, 11, 27, 15, 59, tzinfo=UTC), State(True, at(2026, 11, 27, 17))),
        (COUNTER, at(2026, 11, 27, 12, 30), State(False, at(2026, 11, 27, 13, 30))),
        (COUNTER, at(2026, 11, 28, 18), State(False, at(2026, 11, 30, 9))),
        (COUNTER, at(2026, 12, 25, 10), State(False, at(2026, 12, 26, 9))),
        ("24/7", at(2026, 11, 28, 3), State(True, None)),
        ("Mo-Fr 22:00-02:00", at(2026, 11, 28, 1), State(True, at(2026, 11, 28, 2))),
        ("Mar-Oct 10:00-12:00", at(2026, 11, 28, 10), State(False, None)),
        ('"sur rendez-vous"', at(2026, 11, 27, 10), None),
        ("", at(2026, 11, 27, 10), None),
    ],
)
def test_open_or_closed_and_until_when(text: str, now: datetime, expected: State | None) -> None:
    assert hours.state(text, now) == expected


def test_the_night_of_a_clock_change_is_counted_in_local_time() -> None:
    night = hours.state("Sa 22:00-04:00", at(2026, 3, 28, 23))
    assert night == State(True, at(2026, 3, 29, 4))


def test_a_week_has_seven_days_and_leaves_holidays_out() -> None:
    week = dict(hours.week(COUNTER, date(2026, 12, 21)))
    assert len(week) == 7 and week[date(2026, 12, 25)] == [] and week[date(2026, 12, 27)] == []
    assert week[date(2026, 12, 24)] == [(time(9), time(12)), (time(13, 30), time(17))]


@pytest.mark.parametrize("text", ["de 9 h à 12 h", "Mo-Fr 25:00", "x" * 30])
def test_a_text_that_is_not_hours_is_refused(text: str) -> None:
    with pytest.raises(hours.Unreadable):
        hours.read(text)
