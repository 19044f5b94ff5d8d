"""Count deadlines in days: public holidays, working days, months from day to day.

A deadline is a date. It has no time, so no change of the clock moves it.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from vault.types.spans import add_months, month_end

SATURDAY, SUNDAY = 5, 6
ONE: Final = timedelta(days=1)
FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
#: Easter Monday, Ascension Day and Whit Monday, in days after Easter Sunday.
AFTER_EASTER: Final = (1, 39, 50)


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """Return the public holidays of France (article L3133-1 of the labour code), without those of Alsace-Moselle."""
    easter = _easter(year)
    return frozenset(
        [*(date(year, month, day) for month, day in FIXED), *(easter + timedelta(days=days) for days in AFTER_EASTER)]
    )


def _easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def is_holiday(day: date) -> bool:
    return day in holidays(day.year)


def is_working(day: date) -> bool:
    """Return whether most offices work on that day: from Monday to Friday, except on public holidays."""
    return day.weekday() not in {SATURDAY, SUNDAY} and not is_holiday(day)


def counts(day: date, days: str) -> bool:
    """Return whether a day counts in a period of `all` days, of days that are `not_sundays`, or of `working` days."""
    if days == "working":
        return is_working(day)
    return days == "all" or (day.weekday() != SUNDAY and not is_holiday(day))


def after(day: date, count: int, unit: str, *, days: str = "all", month_end_stays: bool = False) -> date:
    """Return the last day of a period that starts on `day`, which does not count itself.

    Args:
        unit: day, week, month or year. Months go from day to day, to the last day of a shorter month.
        days: the days that count, for a period in days.
        month_end_stays: a period from the last day of a month ends on the last day of a month.
    """
    if unit == "week":
        return day + timedelta(weeks=count)
    if unit in {"month", "year"}:
        found = add_months(day, count * (12 if unit == "year" else 1))
        return month_end(found) if month_end_stays and day == month_end(day) else found
    while count:
        day += ONE
        count -= counts(day, days)
    return day


def working(day: date) -> date:
    """Return the day, or the first working day after it."""
    while not is_working(day):
        day += ONE
    return day
