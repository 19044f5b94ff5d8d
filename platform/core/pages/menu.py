"""The menus. Each app registers its entries in `AppConfig.ready()`, because core must not import the apps above it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Place(StrEnum):
    RESIDENT = "resident"  # the main menu of a signed-in resident
    COMPANION = "companion"  # the main menu of a signed-in companion
    AGENT = "agent"  # the main menu of a signed-in agent
    PUBLISHER = "publisher"  # the main menu of a signed-in member of a publisher
    PUBLIC = "public"  # the main menu of a visitor
    RIGHTS = "rights"  # the footer, under “Vos droits”


@dataclass(frozen=True)
class Entry:
    label: str | Promise
    url_name: str
    place: Place
    order: int = 50
    #: Whether the entry is for this user; None: for all.
    shown: Callable[[HttpRequest], bool] | None = None


@dataclass(frozen=True)
class Link:
    """A menu link. `current` is the value of aria-current: “page”, “true” (inside the section) or empty."""

    label: str | Promise
    href: str
    current: str


_entries: list[Entry] = [
    Entry(_("Accueil"), "home", Place.RESIDENT, order=0),
    Entry(_("Accueil"), "home", Place.PUBLIC, order=0),
    Entry(_("Administration"), "admin:index", Place.AGENT, order=0),
    Entry(_("Nos engagements"), "promise", Place.PUBLIC, order=90),
    Entry(_("Ce que la ville peut faire ou non"), "promise", Place.RIGHTS, order=0),
    Entry(_("Points de contrôle des journaux"), "checkpoints", Place.RIGHTS, order=40),
]


def register(
    label: str | Promise,
    url_name: str,
    *,
    place: Place = Place.RESIDENT,
    order: int = 50,
    shown: Callable[[HttpRequest], bool] | None = None,
) -> None:
    entry = Entry(label, url_name, place, order, shown)
    if entry not in _entries:
        _entries.append(entry)


@cache
def _address(url_name: str, prefix: str) -> str:
    """Return the URL, resolved once: a page has some thirty links, whose URLs took a seventh of its rendering."""
    return reverse(url_name)


def links(request: HttpRequest, place: Place) -> Iterator[Link]:
    """Yield the links of a menu. An entry's section has the pages under its URL; the longest matching URL wins."""
    entries = [
        (entry, _address(entry.url_name, get_script_prefix()))
        for entry in sorted(_entries, key=lambda entry: entry.order)
        if entry.place == place and (entry.shown is None or entry.shown(request))
    ]
    around = [href for _entry, href in entries if href != "/" and request.path.startswith(href)]
    section = max(around, key=len, default="")
    for entry, href in entries:
        inside = "true" if href == section else ""
        yield Link(entry.label, href, "page" if request.path == href else inside)
