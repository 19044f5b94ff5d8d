"""Urgent situations as data: what a page says, whom to call, and deadlines that become dates.

The content of a version follows content/schemas/urgent_situations.schema.json. A deadline is a sentence; one that the
law counts also says from which event, how long, which days count, and its source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django.utils.translation import gettext as _

from core import schemas
from services.aids import catalogue
from services.aids.urgent import days

Content = Mapping[str, Any]
#: The number that serves for any emergency, in all of the Union.
EMERGENCY: Final = "112"
#: Limits of one situation. Its page shows all of it at once.
MOST_CALLS: Final = 8
MOST_DEADLINES: Final = 20
MOST_EVENTS: Final = 6


@dataclass(frozen=True, slots=True)
class Call:
    number: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose day a resident may tell."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline in a sentence, `when`. `since` is the event from which it is counted; empty: it is not counted."""

    what: str
    when: str
    since: str = ""
    count: int = 0
    unit: str = "day"
    days: str = "all"
    moved: bool = False
    month_end: bool = False
    source: str = ""

    def due(self, dates: Mapping[str, date]) -> date | None:
        """Return the last day, or None if it is not counted or its event has no date."""
        start = dates.get(self.since)
        if start is None:
            return None
        found = days.after(start, self.count, self.unit, days=self.days, month_end_stays=self.month_end)
        return days.working(found) if self.moved else found


@dataclass(frozen=True, slots=True)
class Situation:
    """An urgent situation. If `discreet`, nothing outside its own pages names it, and they explain how to leave."""

    code: str
    title: str
    intro: str
    calls: tuple[Call, ...]
    rights: tuple[str, ...]
    events: tuple[Event, ...]
    deadlines: tuple[Deadline, ...]
    papers: tuple[str, ...]
    dossiers: tuple[str, ...]
    places: tuple[str, ...]
    in_french: tuple[str, ...]  # the places again, whose words name kinds of place
    first_days: tuple[str, ...]
    discreet: bool

    @property
    def first_call(self) -> Call:
        return self.calls[0]

    @property
    def other_calls(self) -> tuple[Call, ...]:
        return self.calls[1:]

    @property
    def counted(self) -> tuple[Event, ...]:
        """Return the events from which a deadline is counted."""
        since = {line.since for line in self.deadlines}
        return tuple(event for event in self.events if event.code in since)


def situation(code: str, title: str, content: Content) -> Situation:
    """Return a situation in the page's language, as far as its sentences are those of the shipped content."""
    words = catalogue.situation_words({"title": title, **content})
    return Situation(
        code=code,
        title=words["title"],
        intro=words["intro"],
        calls=_calls(words["calls"]),
        rights=tuple(words["rights"]),
        events=tuple(Event(**event) for event in words["events"]),
        deadlines=tuple(Deadline(**deadline) for deadline in words["deadlines"]),
        papers=tuple(words["papers"]),
        dossiers=tuple(words["dossiers"]),
        places=tuple(words["places"]),
        in_french=tuple(content["places"]),
        first_days=tuple(words["first_days"]),
        discreet=words["discreet"],
    )


def _calls(items: Sequence[Mapping[str, str]]) -> tuple[Call, ...]:
    """Return whom to call. A number that left the catalogue is not shown: it may be somebody else's by now. The
    European emergency number is, if no other is left.
    """
    numbers = catalogue.numbers()
    known = [(one["number"], one["why"]) for one in items if one["number"] in numbers]
    last = [(EMERGENCY, _("si vous êtes en danger"))]
    return tuple(Call(number, numbers[number]["name"], why) for number, why in known or last)


def blank() -> dict[str, Any]:
    """Return the content of a situation that somebody begins."""
    lists = ("calls", "first_days", "events", "deadlines", "rights", "places", "papers", "dossiers", "source")
    return {"intro": "", **{name: [] for name in lists}, "discreet": False, "notes": ""}


@lru_cache(maxsize=1)
def _validator() -> schemas.Validator:
    return schemas.validator(catalogue.schema("urgent_situations")["$defs"]["situation"])


def faults(item: Content) -> list[str]:
    """Return why a version cannot be published, each in a sentence; nothing if it can."""
    found = [words for name, words in _wanting().items() if not item[name]]
    events = {event["code"] for event in item["events"]}
    lost = [line["what"] for line in item["deadlines"] if line.get("since", "") not in {"", *events}]
    found += [_("Ce délai part d’un événement qui n’existe plus : %(what)s") % {"what": what} for what in lost]
    unused = events - {line.get("since") for line in item["deadlines"]}
    idle = [event["label"] for event in item["events"] if event["code"] in unused]
    found += [_("Aucun délai ne part de cet événement : %(label)s") % {"label": label} for label in idle]
    strange = [call["number"] for call in item["calls"] if call["number"] not in catalogue.numbers()]
    found += [_("Ce numéro n’est pas un numéro national vérifié : %(number)s") % {"number": one} for one in strange]
    if found:
        return found
    return [f"{schemas.place(error)} : {error.message[:200]}" for error in _validator().iter_errors(dict(item))][:8]


def _wanting() -> dict[str, str]:
    return {
        "intro": _("Écrivez la première phrase."),
        "calls": _("Ajoutez un numéro à appeler."),
        "first_days": _("Écrivez ce qu’il faut faire les premiers jours."),
        "deadlines": _("Ajoutez un délai."),
        "rights": _("Écrivez les droits."),
        "places": _("Écrivez où aller."),
        "papers": _("Choisissez les papiers à garder près de soi."),
    }


def oversized(item: Content) -> list[str]:
    """Return a sentence for each limit that a situation passes."""
    limits: Sequence[tuple[str, int, str]] = (
        ("calls", MOST_CALLS, _("Une situation a %(most)s numéros au plus.")),
        ("deadlines", MOST_DEADLINES, _("Une situation a %(most)s délais au plus.")),
        ("events", MOST_EVENTS, _("Une situation a %(most)s événements au plus.")),
    )
    return [words % {"most": most} for name, most, words in limits if len(item[name]) > most]
