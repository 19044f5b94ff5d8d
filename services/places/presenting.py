"""Places in words: is it open, where is it, how far."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from core import rows
from core.templatetags.civic import clock, number
from services.places import hours
from services.places.enums import PlaceKind
from services.places.models import Place

KM_A_DEGREE = 111.2
#: How a text of an aid or of an urgent situation names a kind of place.
NAMED = {
    PlaceKind.CITY: r"mairie|guichet|\bville\b",
    PlaceKind.CCAS: r"\bCCAS\b",
    PlaceKind.FRANCE_SERVICES: r"france services",
    PlaceKind.CAF: r"\bCAF\b",
    PlaceKind.MSA: r"\bMSA\b",
    PlaceKind.CPAM: r"\bCPAM\b",
    PlaceKind.JOB: r"france travail",
    PlaceKind.YOUTH: r"mission locale",
    PlaceKind.DEPARTMENT: r"département",
    PlaceKind.MDPH: r"\bMDPH\b",
    PlaceKind.STUDENTS: r"\bCROUS\b",
    PlaceKind.RIGHTS: r"point-justice",
    PlaceKind.HOUSING: r"\bADIL\b",
    PlaceKind.BUDGET: r"point conseil budget",
    PlaceKind.FOOD: r"restos du cœur|épicerie|alimentaire",
    PlaceKind.DAY_CENTRE: r"accueil de jour",
    PlaceKind.VICTIMS: r"aide aux victimes",
}
MOST_NAMED = 3


@dataclass(frozen=True)
class Found:
    """A place, and what is true of it now. `kilometres` is None without a point to count from."""

    place: Place
    state: hours.State | None
    kilometres: float | None

    @property
    def is_open(self) -> bool:
        return self.state is not None and self.state.is_open

    @property
    def tag(self) -> str:
        if self.state is None:
            return ""
        return _("Ouvert") if self.state.is_open else _("Fermé")

    def line(self) -> dict[str, Any]:
        """Return a line of `components/lines.html`."""
        parts = [capfirst(self.place.get_kind_display()), address(self.place), sentence(self.state), self._far()]
        return {
            "label": self.place.name,
            "href": reverse("places:place", args=[self.place.pk]),
            "text": " · ".join(part for part in parts if part),
            "tag": self.tag,
            "tag_kind": "ok" if self.is_open else "",
        }

    def _far(self) -> str:
        if self.kilometres is None:
            return ""
        return _("à %(far)s km à vol d’oiseau") % {"far": number(round(self.kilometres, 1))}


def standing() -> list[Place]:
    """Return the places that agents or the city's file wrote. Another one is reported, and left out."""
    return rows.believed(Place.objects.filter(withdrawn_at=None))


def search(
    places: Iterable[Place], *, text: str = "", kind: str = "", around: str = "", opened: bool = False
) -> list[Found]:
    """Return the places that match: the nearest to the postal code `around` first, or the open ones first."""
    now = timezone.now()
    everywhere = list(places)
    centre = _centre([one for one in everywhere if around and one.postal_code == around])
    words = text.casefold().split()
    found = [
        Found(one, hours.state(one.hours, now), _distance(centre, one))
        for one in everywhere
        if (not kind or one.kind == kind) and all(word in _said(one) for word in words)
    ]
    if opened:
        found = [one for one in found if one.is_open]
    return sorted(found, key=_order)


def named(texts: Sequence[str]) -> list[Found]:
    """Return the city's places of the kinds that these texts name, in the order of the texts: three at most."""
    said = " · ".join(texts)
    first = {kind: match.start() for kind, words in NAMED.items() if (match := re.search(words, said, re.IGNORECASE))}
    if not first:
        return []
    now = timezone.now()
    places = rows.believed(Place.objects.filter(kind__in=first, withdrawn_at=None))
    found = [Found(one, hours.state(one.hours, now), None) for one in places]
    found.sort(key=lambda one: (first[PlaceKind(one.place.kind)], not one.is_open, one.place.name))
    return found[:MOST_NAMED]


def lines_named(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [one.line() for one in named(texts)]


def address(place: Place) -> str:
    town = " ".join(part for part in (place.postal_code, place.town) if part)
    return ", ".join(part for part in (place.street, town) if part)


def languages(place: Place) -> list[str]:
    """Return the names of the languages spoken there, in the page's language. An unknown code is shown as it is."""
    return [_language(str(code)) for code in place.languages]


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def sentence(state: hours.State | None) -> str:
    """Say until when it is open, or when it opens: “ouvert jusqu’à 17 h 00”, “ouvre lundi à 9 h 00”."""
    if state is None or state.until is None:
        return _("ouvert jour et nuit") if state is not None and state.is_open else ""
    words = {"moment": _moment(state.until)}
    return _("ouvert jusqu’à %(moment)s") % words if state.is_open else _("ouvre %(moment)s") % words


def _moment(when: datetime) -> str:
    today, day = timezone.localdate(), timezone.localtime(when).date()
    if day == today:
        return clock(when)
    named = date_format(day, "l") if (day - today).days < 7 else date_format(day, "l j F")
    return _("%(day)s à %(time)s") % {"day": named, "time": clock(when)}


def _said(place: Place) -> str:
    parts = (place.name, place.get_kind_display(), place.organisation, place.street, place.town, place.note)
    return " ".join(map(str, parts)).casefold()


def _order(one: Found) -> tuple[float, bool, str]:
    return (math.inf if one.kilometres is None else one.kilometres, not one.is_open, one.place.name)


def _centre(places: Sequence[Place]) -> tuple[float, float] | None:
    known = [
        (float(one.latitude), float(one.longitude))
        for one in places
        if one.latitude is not None and one.longitude is not None
    ]
    if not known:
        return None
    return sum(one[0] for one in known) / len(known), sum(one[1] for one in known) / len(known)


def _distance(centre: tuple[float, float] | None, place: Place) -> float | None:
    """Return the kilometres as the crow flies, within a percent in a town, or None without a position."""
    if centre is None or place.latitude is None or place.longitude is None:
        return None
    north = float(place.latitude) - centre[0]
    east = (float(place.longitude) - centre[1]) * math.cos(math.radians(centre[0]))
    return KM_A_DEGREE * math.hypot(north, east)
