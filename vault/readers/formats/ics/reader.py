"""Read a calendar (RFC 5545): one record per event, and one per date added by an RDATE.

Traps: an event without DTSTART is left out, unless it has RDATEs; `DTSTART:20220101` is a day even without VALUE=DATE
or with a TZID; a time without zone is local, in Paris; a calendar defines its own zones under private names, and
Outlook uses those of Windows.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import SHAPE_FAULTS, guarded, head_of, text_of
from vault.readers.formats.ics import lines
from vault.readers.formats.ics.lines import Event, Property
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "ics"
VERSION = "1.2.0"
PARIS = ZoneInfo("Europe/Paris")
#: Two years of a very busy calendar.
MAX_EVENTS = 20_000
#: The most dates that one event adds, leaves out or moves.
MAX_ADDED = 1_000
#: Rules more frequent than a clock change: computing such a zone would never end.
BUSY_ZONE = re.compile(r"FREQ=(?!YEARLY|MONTHLY)", re.IGNORECASE)
ZONE_NAME = re.compile(r"^TZID[^:\n]*:(.*)$", re.MULTILINE | re.IGNORECASE)
MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})?(Z)?)?")
LENGTH = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?")
FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST = timedelta(days=3660)

When = date | datetime


def recognises(data: bytes, ask: Ask) -> bool:
    return head_of(data).lstrip().upper().startswith("BEGIN:VCALENDAR")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    found = Found(data, reader=FORMAT, version=VERSION, media_type="text/calendar", holder="résident")
    text = text_of(data)
    if text.upper().count("BEGIN:VEVENT") > MAX_EVENTS:
        raise Unreadable("too_many")
    text = lines.unfolded(text)
    zones = _Zones(text)
    moved = _moved(text, zones)
    count = cancelled = timeless = dated = 0
    for event in lines.events(text):
        count += 1
        if event.cancelled:
            cancelled += 1
            continue
        before, has_start = len(found.records), _read_event(event, zones, found, moved.get(_uid(event), ()))
        dated += has_start
        timeless += len(found.records) == before
    found.fact("events", count)
    found.fact("added_dates", (len(found.records) - dated) or None)
    found.fact("occurrences", len(found.records))
    found.fact("cancelled", cancelled or None)
    found.fact("without_date", timeless or None)
    for sentence, said in (
        (sentences.NO_EVENT, not count),
        (sentences.CANCELLED_EVENTS, cancelled),
        (sentences.EVENT_WITHOUT_DATE, timeless),
        (sentences.UNKNOWN_ZONE, zones.unknown),
        (sentences.CALENDAR_CUT, "END:VCALENDAR" not in text[-400:].upper()),
    ):
        if said:
            found.warn(sentence)
    return found.reading()


class _Zones:
    """The zones of a calendar. `unknown` is set when a time is read as that of Paris for want of its zone."""

    def __init__(self, text: str) -> None:
        self.private = {
            name[1].strip().strip('"'): zone for zone in lines.ZONE.findall(text) if (name := ZONE_NAME.search(zone))
        }
        if any(BUSY_ZONE.search(zone) for zone in self.private.values()):
            raise Unreadable("too_heavy")
        self.known: dict[str, tzinfo] = {}
        self.unknown = False

    def get(self, name: str) -> tzinfo:
        if name not in self.known:
            found = self._of_the_world(name) or self._of_the_calendar(name)
            self.unknown = self.unknown or found is None
            self.known[name] = found or PARIS
        return self.known[name]

    def _of_the_world(self, name: str) -> tzinfo | None:
        """Return the zone of an IANA name, which some programs prefix with a path, or of a name of Windows."""
        return _zone(name) or _zone("/".join(name.split("/")[-2:])) or _zone(_of_windows(name))

    def _of_the_calendar(self, name: str) -> tzinfo | None:
        from icalendar import Timezone

        if name not in self.private:
            return None
        try:
            zone: Any = Timezone.from_ical(f"{self.private[name]}\n")
            found: tzinfo = zone.to_tz()
        except SHAPE_FAULTS:
            return None
        return found


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _of_windows(name: str) -> str:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return WINDOWS_TO_OLSON.get(name, "")


def _moved(text: str, zones: _Zones) -> dict[str, list[When]]:
    """Return the dates of each series that another event replaces or cancels, by UID."""
    found: dict[str, list[When]] = {}
    if "RECURRENCE-ID" in text.upper():
        for event in lines.events(text):
            if (again := _moment(event.first("RECURRENCE-ID"), zones)) is not None:
                found.setdefault(_uid(event), []).append(again)
    return {uid: several[:MAX_ADDED] for uid, several in found.items()}


def _read_event(event: Event, zones: _Zones, found: Found, moved: Sequence[When]) -> bool:
    """Keep an event and its added dates. Return whether it has a date of its own.

    Args:
        moved: the dates of the series that other events replace: they are left out of it, as EXDATE leaves out some.
    """
    start = _moment(event.first("DTSTART"), zones)
    length = _length(event, start, zones)
    again = _moment(event.first("RECURRENCE-ID"), zones)
    rule = event.first("RRULE")
    uid = _uid(event)
    without = [] if again else _left_out(event, zones, moved, start)
    if start in without and rule is None:
        start = None
    if start is not None:
        own = f"{uid}#{again.isoformat()}" if again else uid
        end = start + length if length else None
        _keep(event, own, start, end, found, rule=rule.value if rule and not again else None, without=without)
    for begins, ends in _added(event, length, zones):
        if begins != start and begins not in without:
            _keep(event, f"{uid}#{begins.isoformat()}", begins, ends, found)
    return start is not None


def _keep(
    event: Event,
    uid: str,
    start: When,
    end: When | None,
    found: Found,
    rule: str | None = None,
    without: Sequence[When] = (),
) -> None:
    """Keep one date of an event. The end of an all-day event, the day after in the standard, becomes its last day."""
    last = end - timedelta(days=1) if end and not isinstance(end, datetime) else end
    title, place = event.first("SUMMARY"), event.first("LOCATION")
    payload = {
        "uid": uid,
        "debut": start.isoformat(),
        "fin": last.isoformat() if last and last != start else None,
        "titre": plain.text(title.text) if title else None,
        "lieu": plain.text(place.text) if place else None,
        "rrule": plain.text(rule),
        "sauf": [one.isoformat() for one in without] if rule and without else None,
    }
    found.keep("agenda.evenement", payload, start=_instant(start), end=_instant(last or start))


def _listed(event: Event, name: str) -> list[tuple[str, Property]]:
    """Return each date of a list as it is written, with the property that gives its zone."""
    return [(value, line) for line in event.all(name) for value in line.value.split(",") if value][:MAX_ADDED]


def _left_out(event: Event, zones: _Zones, moved: Sequence[When], start: When | None) -> list[When]:
    """Return the dates that are none of the series, each once. A day alone leaves out the moment of that day."""
    found = [_of_text(value, line, zones) for value, line in _listed(event, "EXDATE")] + [*moved]
    if isinstance(start, datetime):
        found = [
            one if one is None or isinstance(one, datetime) else datetime.combine(one, start.timetz()) for one in found
        ]
    return list(dict.fromkeys(one for one in found if one is not None))


def _added(event: Event, length: timedelta | None, zones: _Zones) -> Iterator[tuple[When, When | None]]:
    """Yield the dates added by RDATE: days, moments, or periods with their own end or length."""
    for value, line in _listed(event, "RDATE"):
        first, _, last = value.partition("/")
        start = _of_text(first, line, zones)
        if start is None:
            continue
        if (lasts := _duration(last)) is not None:
            yield start, start + lasts
        else:
            yield start, _of_text(last, line, zones) or (start + length if length else None)


def _length(event: Event, start: When | None, zones: _Zones) -> timedelta | None:
    """Return the length, from DTEND or DURATION; None for an all-day event of one day."""
    end = _moment(event.first("DTEND"), zones)
    lasts = event.first("DURATION")
    if lasts and (found := _duration(lasts.value)) is not None:
        return found
    if start is None or end is None or isinstance(start, datetime) != isinstance(end, datetime) or end <= start:
        return None
    return end - start


def _duration(text: str) -> timedelta | None:
    match = LENGTH.fullmatch(text.strip().upper())
    if not match:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return found if timedelta(0) < found < LONGEST else None


def _moment(line: Property | None, zones: _Zones) -> When | None:
    return _of_text(line.value, line, zones) if line else None


def _of_text(text: str, line: Property, zones: _Zones) -> When | None:
    """Return a day, or a moment with an offset; None for an impossible date or an implausible year."""
    match = MOMENT.fullmatch(text.strip().upper())
    if not match or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    try:
        if match[4] is None:
            return date(year, month, day)
        name = line.parameters.get("TZID", "")
        zone = UTC if match[7] else zones.get(name) if name else PARIS
        second = min(int(match[6] or 0), 59)
        placed = datetime(year, month, day, int(match[4]), int(match[5]), second, tzinfo=zone)
        return placed.replace(tzinfo=timezone(placed.utcoffset() or timedelta(0)))
    except ValueError:
        return None


def _instant(when: When) -> datetime:
    return when if isinstance(when, datetime) else datetime(when.year, when.month, when.day, tzinfo=PARIS)


def _uid(event: Event) -> str:
    """Return the event's UID, or a hash of its content."""
    given = event.first("UID")
    written = "\n".join(event.written).encode("utf-8", "replace")
    return (plain.text(given.text) if given else None) or "sans-uid-" + hashlib.sha256(written).hexdigest()[:16]
