"""Spans of time: from one moment to another, either of which may be open."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

Moment = TypeVar("Moment", date, datetime)


@dataclass(frozen=True)
class Span(Generic[Moment]):
    start: Moment | None = None
    end: Moment | None = None


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of that month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date.resolution).day
    return date(year, month, min(day.day, last))
