"""The lines of a calendar (RFC 5545): its events, each as its properties, and the text of its zones.

Only what the vault keeps is parsed: a library that builds every property takes a millisecond an event.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

#: The properties of an event that are read.
WANTED = {
    *("UID", "DTSTART", "DTEND", "DURATION", "SUMMARY", "LOCATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    "STATUS",
}
LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[^:";]*(?:"[^"]*"[^:";]*)*)*):(.*)', re.DOTALL)
NAME = re.compile("[A-Za-z0-9-]*")
PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;:"]*)')
ZONE = re.compile(r"^BEGIN:VTIMEZONE.*?^END:VTIMEZONE", re.MULTILINE | re.DOTALL | re.IGNORECASE)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Property:
    value: str
    parameters: Mapping[str, str]

    @property
    def text(self) -> str:
        return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)


@dataclass
class Event:
    """An event: its properties by name, and its lines as they are written."""

    properties: dict[str, list[Property]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    cancelled: bool = False

    def first(self, name: str) -> Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def all(self, name: str) -> Sequence[Property]:
        return self.properties.get(name, ())


def unfolded(text: str) -> str:
    return text.replace("\n ", "").replace("\n\t", "")


def events(text: str) -> Iterator[Event]:
    """Yield each complete event of an unfolded text. Alarms and other parts inside an event are left out."""
    event: Event | None = None
    inside, cancelled = 0, False
    for line in text.split("\n"):
        start = line[:6].upper()
        if start == "BEGIN:":
            if event is not None:
                inside += 1
            elif line[6:].strip().upper() == "VEVENT":
                event, inside = Event(cancelled=cancelled), 0
        elif start.startswith("END:"):
            if event is not None and not inside:
                yield event
                event = None
            inside = max(0, inside - 1)
            cancelled = cancelled and line[4:].strip().upper() != "VCALENDAR"
        elif event is None:
            cancelled = cancelled or line.strip().upper() == "METHOD:CANCEL"
        elif not inside:
            _add(event, line)


def _add(event: Event, line: str) -> None:
    event.written.append(line)
    name = line[: NAME.match(line).end()].upper()  # type: ignore[union-attr]  # it matches an empty text too
    match = LINE.fullmatch(line) if name in WANTED else None
    if match is None:
        return
    parameters = {key.upper(): value.strip('"') for key, value in PARAMETER.findall(match[2])} if match[2] else {}
    event.properties.setdefault(name, []).append(Property(match[3], parameters))
    if name == "STATUS" and match[3].strip().upper() == "CANCELLED":
        event.cancelled = True
