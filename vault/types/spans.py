"""Days, moments and spans of time, as payloads write them."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

Moment = TypeVar("Moment", date, datetime)
#: The months in French, without accents, as the readers compare them.
MONTHS = (
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
)


@dataclass(frozen=True)
class Span(Generic[Moment]):
    """A span of time. A start or an end of None is open."""

    start: Moment | None = None
    end: Moment | None = None


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of that month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date.resolution).day
    return date(year, month, min(day.day, last))


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def read_day(value: object) -> date | None:
    """Return the day of an ISO text, or None: a partial date (`2020-00-00`), which holders send, is not a day."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def latest_day(value: object) -> date | None:
    """Return the last possible day of a partial date: 31 May for `2019-05-00`, 31 December for `2019-00-00`."""
    text = str(value or "")
    if text.endswith("-00-00"):
        text = f"{text[:4]}-12-31"
    elif text.endswith("-00"):
        first = read_day(f"{text[:7]}-01")
        return month_end(first) if first else None
    return read_day(text)


def read_moment(value: object) -> datetime | None:
    """Return the moment of an ISO text; without a zone it is in UTC, and a day alone gives its midnight."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
