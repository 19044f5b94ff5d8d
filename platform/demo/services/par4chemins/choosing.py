"""Which outings suit somebody, and why. Pure functions on the open data and on what the resident lets be read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from demo.services.par4chemins.words import Words

DATA: Mapping[str, Any] = json.loads(Path(__file__).with_name("outings.json").read_text(encoding="utf-8"))
TASTES = {
    "voir": "voir un spectacle ou une exposition",
    "faire": "faire de vos mains",
    "comprendre": "comprendre",
    "jouer": "jouer",
    "nature": "vous promener dans la nature",
    "sport": "bouger",
    "musique": "écouter de la musique",
}
#: What "when" may be narrowed to, and the highest prices that one may choose.
WEEK, WEEKEND = "semaine", "weekend"
PRICES = ("0", "5", "10")
SATURDAY = 5
#: How often a trip is made to be one that comes back.
OFTEN = 3


@dataclass(frozen=True)
class Known:
    """What is known of whoever looks: chosen on the page without an account, or read from the vault."""

    tastes: Sequence[str] = ()
    busy: Sequence[tuple[datetime, datetime]] = ()
    trips: Sequence[tuple[datetime, str]] = ()


@dataclass(frozen=True)
class Wanted:
    """The filters of the page. An empty one lets everything through."""

    when: str = ""
    taste: str = ""
    price: str = ""
    code: str = ""


@dataclass(frozen=True)
class Outing:
    row: Mapping[str, Any]
    start: datetime
    has_code: bool = False
    reasons: Sequence[str] = ()

    @property
    def code(self) -> str:
        return str(self.row["code"])

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=self.row["hours"])

    @property
    def monday(self) -> date:
        return self.start.date() - timedelta(days=self.start.weekday())

    @property
    def price(self) -> float:
        return float(self.row["reduced" if self.has_code else "price"])


def outings(known: Known, today: date, words: Words, wanted: Wanted = Wanted()) -> list[Outing]:
    """Return the outings that suit in the four weeks after today: by week, and in a week by taste, then day."""
    found = []
    for row in DATA["outings"]:
        one = Outing(row, start_of(row, today), is_reduced(row, wanted.code))
        if any(begun < one.end and one.start < over for begun, over in known.busy) or not _fits(one, today, wanted):
            continue
        liked = row["taste"] in known.tastes
        found.append((not liked, Outing(row, one.start, one.has_code, _why(one, known, words))))
    return [outing for _other, outing in sorted(found, key=lambda entry: (entry[1].monday, entry[0], entry[1].start))]


def walk(known: Known, words: Words) -> dict[str, str] | None:
    """Return a walk to discover on the trip that comes back most often, or None."""
    often = Counter((to, when.hour) for when, to in known.trips if to)
    for (to, hour), count in often.most_common():
        found = next((one for one in DATA["walks"] if one["towards"] == to), None)
        if count >= OFTEN and found is not None:
            around = words.hour(datetime.combine(date.min, time(hour)))
            reason = "Vous allez souvent vers {place}, vers {hour} ({count} fois)."
            more = "{count} minutes de plus, pour voir {sight}."
            return {
                "title": words.of(found, "title"),
                "reason": words(reason, place=to, hour=around, count=count),
                "text": words(more, count=found["more_minutes"], sight=words.of(found, "sees")),
            }
    return None


def challenge(code: str) -> Mapping[str, Any] | None:
    return next((one for one in DATA["challenges"] if one["code"] == code), None)


def outing_of(code: str) -> Mapping[str, Any] | None:
    return next((one for one in DATA["outings"] if one["code"] == code), None)


def is_reduced(row: Mapping[str, Any], code: str) -> bool:
    """Return whether a code makes an outing cheaper: it is good at one place."""
    return bool(code) and row["place"] == DATA["reduced_price"]["place"]


def start_of(row: Mapping[str, Any], today: date) -> datetime:
    """Return when an outing next is: its day of the week after today, some weeks later."""
    ahead = (row["weekday"] - today.weekday()) % 7 or 7
    return datetime.combine(today + timedelta(days=ahead, weeks=row["week"]), time(row["hour"]))


def _why(one: Outing, known: Known, words: Words) -> list[str]:
    reasons = []
    if one.row["taste"] in known.tastes:
        reasons.append(words("Vous aimez {taste}.", taste=words(TASTES[one.row["taste"]])))
    if known.busy:
        day, hour = words.weekday(one.start), words.hour(one.start)
        reasons.append(words("Vous êtes libre {day} à {hour}.", day=day, hour=hour))
    return [*reasons, words("À {count} minutes à pied.", count=one.row["walk_minutes"])]


def _fits(one: Outing, today: date, wanted: Wanted) -> bool:
    in_time = {
        WEEK: one.start.date() <= today + timedelta(days=7),
        WEEKEND: one.start.weekday() >= SATURDAY,
    }.get(wanted.when, True)
    return in_time and wanted.taste in ("", one.row["taste"]) and (not wanted.price or one.price <= int(wanted.price))
