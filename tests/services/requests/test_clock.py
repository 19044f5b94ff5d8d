"""The time of an office is counted in days of the calendar, and stops while the resident corrects."""

from datetime import date

import pytest

from services.requests import clock


def test_two_months_end_on_the_same_day_or_the_last_of_the_month():
    assert clock.due(date(2026, 11, 25), 0) == date(2027, 1, 25)
    assert clock.due(date(2026, 12, 31), 0) == date(2027, 2, 28)


def test_stopped_days_are_added():
    assert clock.due(date(2026, 11, 25), 3) == date(2027, 1, 28)


@pytest.mark.parametrize("change", [date(2026, 10, 25), date(2027, 3, 28)])
def test_a_change_of_clock_moves_no_deadline(change):
    """On these days the clocks change in France: a day has 25 or 23 hours, and counts as one."""
    before, after = change.replace(day=change.day - 1), change.replace(day=change.day - 1 + 2)
    assert clock.stopped_for(before, date(2027, 12, 31), after) == 2
    assert clock.due(before, 2) == clock.due(before, 0) + (after - before)


def test_a_stop_lasts_until_the_answer_or_the_last_day_for_it():
    since, last = date(2026, 12, 1), date(2026, 12, 31)
    assert clock.stopped_for(since, last, date(2026, 12, 4)) == 3
    assert clock.stopped_for(since, last, date(2027, 3, 1)) == 30
    assert clock.stopped_for(since, last, since) == 0


def test_the_clock_of_a_request():
    sent = date(2026, 11, 25)
    running = clock.read(sent, 3, None, None, date(2026, 12, 1))
    assert (running.due, running.counted, running.total, running.stopped) == (date(2027, 1, 28), 3, 61, False)
    stopped = clock.read(sent, 0, date(2026, 11, 28), date(2026, 12, 28), date(2026, 12, 1))
    assert (stopped.due, stopped.counted, stopped.stopped) == (date(2027, 1, 28), 3, True)
    assert stopped.late_by(date(2028, 1, 1)) == 0
    late = clock.read(sent, 0, None, None, date(2027, 2, 3))
    assert late.late_by(date(2027, 2, 3)) == 9
    assert late.late_by(late.due) == 0
