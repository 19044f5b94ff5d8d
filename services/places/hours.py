"""Opening hours as OpenStreetMap writes them (https://wiki.openstreetmap.org/wiki/Key:opening_hours), in Paris time.

Public holidays (`PH`) are those of France.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]  # its stub leaves the error out

PARIS = ZoneInfo("Europe/Paris")
#: How far a change is looked for: a place that is closed all summer opens again within it.
AHEAD = timedelta(days=60)
#: The span read to find that change. Without an end, hours of past years are searched for up to the year 10,000.
LOOKED_AT = AHEAD + timedelta(days=1)


class Unreadable(ValueError):
    """The text is not opening hours."""


@dataclass(frozen=True)
class State:
    """Whether a place is open at a moment, and when that changes. `until` is None if it does not within `AHEAD`."""

    is_open: bool
    until: datetime | None


@lru_cache(maxsize=512)
def read(text: str) -> OpeningHours:
    """Parse opening hours.

    Raises:
        Unreadable
    """
    try:
        return OpeningHours(text, timezone=PARIS, country="FR")
    except ParserError as error:
        raise Unreadable from error


def state(text: str, now: datetime) -> State | None:
    """Return whether it is open now, or None if the hours are not known: none written, or a comment such as “by
    appointment”.

    Raises:
        Unreadable
    """
    if not text:
        return None
    parsed, here = read(text), now.astimezone(PARIS)
    _begin, change, kind, comments = next(iter(parsed.intervals(here, here + LOOKED_AT)))
    if comments or str(kind) == "unknown":
        return None
    return State(str(kind) == "open", change if change is not None and change - here < AHEAD else None)


def week(text: str, first: date) -> list[tuple[date, list[tuple[time, time]]]]:
    """Return the spans of seven days from `first`, in Paris time. A span that ends at midnight or later ends at 0:00.

    Raises:
        Unreadable
    """
    parsed = read(text)
    found = []
    for day in (first + timedelta(days=number) for number in range(7)):
        begins = datetime.combine(day, time(), PARIS)
        ends = datetime.combine(day + timedelta(days=1), time(), PARIS)
        spans = [
            (one[0].time(), one[1].time() if one[1] < ends else time())
            for one in parsed.intervals(begins, ends)
            if str(one[2]) == "open"
        ]
        found.append((day, spans))
    return found
