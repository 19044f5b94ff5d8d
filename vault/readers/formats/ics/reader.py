"""Read a calendar (RFC 5545): one record per event, and one per date added by an RDATE.

Traps: an event without DTSTART is left out, unless it has RDATEs; `DTSTART:20220101` is a day even without VALUE=DATE;
a time without zone is local, in Paris; a calendar defines its own zones under private names.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import guarded, head_of, text_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "ics"
VERSION = "1.0.0"
PARIS = ZoneInfo("Europe/Paris")
#: Two years of a very busy calendar.
MAX_EVENTS = 20_000
#: The most added dates of one event.
MAX_ADDED = 1_000
ZONE = re.compile(r"^BEGIN:VTIMEZONE.*?^END:VTIMEZONE", re.MULTILINE | re.DOTALL | re.IGNORECASE)
#: Rules more frequent than a clock change: computing such a zone would never end.
BUSY_ZONE = re.compile(r"FREQ=(?!YEARLY|MONTHLY)", re.IGNORECASE)
FIRST_YEAR, LAST_YEAR = 1900, 2200

When = date | datetime


def recognises(data: bytes, ask: Ask) -> bool:
    return head_of(data).lstrip().upper().startswith("BEGIN:VCALENDAR")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    from icalendar import Calendar

    found = Found(data, reader=FORMAT, version=VERSION, media_type="text/calendar", holder="résident")
    text = text_of(data)
    if text.upper().count("BEGIN:VEVENT") > MAX_EVENTS or any(BUSY_ZONE.search(zone) for zone in ZONE.findall(text)):
        raise Unreadable("too_heavy")
    events = [event for calendar in Calendar.from_ical(text, multiple=True) for event in calendar.walk("VEVENT")]
    timeless = sum(not _read_event(event, found) for event in events)
    found.fact("events", len(events))
    found.fact("added_dates", sum(len(_listed(event.get("RDATE"))) for event in events) or None)
    found.fact("occurrences", len(found.records))
    if timeless:
        found.fact("without_date", timeless)
        found.warn(sentences.EVENT_WITHOUT_DATE)
    return found.reading()


def _read_event(event: Any, found: Found) -> bool:  # noqa: ANN401 - icalendar's component
    """Keep an event. Return False if it has no date at all."""
    start, length = _moment(_value(event, "DTSTART")), _length(event)
    again = _moment(_value(event, "RECURRENCE-ID"))
    rule = next(iter(_listed(event.get("RRULE"))), None)
    uid = _uid(event)
    if start is not None:
        own = f"{uid}#{again.isoformat()}" if again else uid
        _keep(
            event,
            own,
            start,
            start + length if length else None,
            found,
            rule=rule.to_ical().decode("utf-8") if rule and not again else None,
        )
    added = list(_added(event, length))
    for begins, ends in added:
        if begins != start:
            _keep(event, f"{uid}#{begins.isoformat()}", begins, ends, found)
    return start is not None or bool(added)


def _keep(
    event: Any,  # noqa: ANN401
    uid: str,
    start: When,
    end: When | None,
    found: Found,
    rule: str | None = None,
) -> None:
    """Keep one date of an event. The end of an all-day event, the day after in the standard, becomes its last day."""
    last = end - timedelta(days=1) if end and not isinstance(end, datetime) else end
    payload = {
        "uid": uid,
        "debut": start.isoformat(),
        "fin": last.isoformat() if last and last != start else None,
        "titre": plain.text(event.get("SUMMARY")),
        "lieu": plain.text(event.get("LOCATION")),
        "rrule": plain.text(rule),
    }
    found.keep("agenda.evenement", payload, start=_instant(start), end=_instant(last or start))


def _added(event: Any, length: timedelta | None) -> Iterator[tuple[When, When | None]]:  # noqa: ANN401
    """Yield the dates added by RDATE: days, moments, or periods with their own end or length."""
    values = [value.dt for line in _listed(event.get("RDATE")) for value in getattr(line, "dts", ())]
    for value in values[:MAX_ADDED]:
        first, last = value if isinstance(value, tuple) else (value, None)
        start = _moment(first)
        if start is None:
            continue
        if isinstance(last, timedelta):
            yield start, start + last
        else:
            yield start, _moment(last) or (start + length if length else None)


def _length(event: Any) -> timedelta | None:  # noqa: ANN401
    """Return the length, from DTEND or DURATION; None for an all-day event of one day."""
    start, end, lasts = _moment(_value(event, "DTSTART")), _moment(_value(event, "DTEND")), _value(event, "DURATION")
    if isinstance(lasts, timedelta) and timedelta(0) < lasts < timedelta(days=3660):
        return lasts
    if start is None or end is None or isinstance(start, datetime) != isinstance(end, datetime) or end <= start:
        return None
    return end - start


def _moment(value: object) -> When | None:
    """Return a day, or a moment with an offset; None for implausible years."""
    if not isinstance(value, date) or not FIRST_YEAR <= value.year <= LAST_YEAR:
        return None
    if isinstance(value, datetime):
        placed = value if value.tzinfo else value.replace(tzinfo=PARIS)
        return value.replace(tzinfo=timezone(placed.utcoffset() or timedelta(0)))
    return value


def _instant(when: When) -> datetime:
    return when if isinstance(when, datetime) else datetime(when.year, when.month, when.day, tzinfo=PARIS)


def _value(event: Any, name: str) -> object:  # noqa: ANN401
    first = _listed(event.get(name))
    return getattr(first[0], "dt", getattr(first[0], "td", None)) if first else None


def _uid(event: Any) -> str:  # noqa: ANN401
    """Return the event's UID, or a hash of its content."""
    return plain.text(event.get("UID")) or "sans-uid-" + hashlib.sha256(event.to_ical()).hexdigest()[:16]


def _listed(value: object) -> list[Any]:
    """Return the values as a list, without unreadable lines, which are texts."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if one is not None and not isinstance(one, str)]
