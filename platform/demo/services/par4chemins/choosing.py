"""Which outings suit somebody, and why. Pure functions on the open data and on what the resident lets be read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

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
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
#: How often a trip is made to be one that comes back.
OFTEN = 3


@dataclass(frozen=True)
class Known:
    """What is known of whoever looks: chosen on the page without an account, or read from the vault."""

    tastes: Sequence[str] = ()
    busy: Sequence[tuple[datetime, datetime]] = ()
    trips: Sequence[tuple[datetime, str]] = ()


@dataclass(frozen=True)
class Outing:
    code: str
    title: str
    when: datetime
    place: str
    price: str
    reasons: Sequence[str]


def outings(known: Known, today: date) -> list[Outing]:
    """Return the outings of the seven days after today that suit, best first. A taste counts more than the day."""
    found = []
    for one in DATA["outings"]:
        start = _next(today, one["weekday"], one["hour"])
        end = start + timedelta(hours=one["hours"])
        if any(begun < end and start < over for begun, over in known.busy):
            continue
        reasons = []
        if one["taste"] in known.tastes:
            reasons.append(f"Vous aimez {TASTES[one['taste']]}.")
        if known.busy:
            reasons.append(f"Vous êtes libre {DAYS[start.weekday()]} à {start.hour} h.")
        reasons.append(f"À {one['walk_minutes']} minutes à pied.")
        found.append((one["taste"] not in known.tastes, start, Outing(*_shown(one, start), reasons)))
    return [outing for _other, _start, outing in sorted(found, key=lambda entry: entry[:2])]


def walk(known: Known) -> dict[str, str] | None:
    """Return a walk to discover on the trip that comes back most often, or None."""
    often = Counter((to, when.hour) for when, to in known.trips if to)
    for (to, hour), count in often.most_common():
        found = next((one for one in DATA["walks"] if one["towards"] == to), None)
        if count >= OFTEN and found is not None:
            return {
                "title": found["title"],
                "reason": f"Vous allez souvent vers {to}, vers {hour} h ({count} fois).",
                "text": f"{found['more_minutes']} minutes de plus, pour voir {found['sees']}.",
            }
    return None


def challenge(code: str) -> Mapping[str, Any] | None:
    return next((one for one in DATA["challenges"] if one["code"] == code), None)


def _next(today: date, weekday: int, hour: int) -> datetime:
    day = today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
    return datetime.combine(day, time(hour))


def _shown(one: Mapping[str, Any], start: datetime) -> tuple[str, str, datetime, str, str]:
    euros = f"{one['price']:.2f}".replace(".", ",") + " €" if one["price"] else "Gratuit"
    return one["code"], one["title"], start, one["place"], euros
