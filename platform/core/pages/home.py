"""What a resident finds on the home page. Each app registers a function in `AppConfig.ready()`:

    home.register(blocks)      # def blocks(request: HttpRequest) -> Iterable[home.Part]

A block's template finds its context under the name `block` (`{{ block.href }}`).
It runs in the resident's scope, at each visit: keep it to a few queries, and open no value that the page does not show.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise


class Slot(StrEnum):
    HEADLINE = "headline"  # first, once: the number of the day
    MAIN = "main"  # after what is to do and what expires
    ASIDE = "aside"


@dataclass(frozen=True)
class HomeBlock:
    slot: Slot
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    order: int = 50


@dataclass(frozen=True)
class ToDo:
    """One line of “À faire”; the fields are those of components/task_list.html."""

    name: Text
    href: str
    hint: Text = ""
    tag: Text = ""
    tag_kind: str = "soon"
    order: int = 50


@dataclass(frozen=True)
class Expiry:
    """One line of “Papiers qui expirent”, nearest first; the fields are those of components/lines.html."""

    label: Text
    href: str
    on: datetime.date
    tag: Text
    tag_kind: str = "soon"


Part = HomeBlock | ToDo | Expiry
_sources: list[Callable[[HttpRequest], Iterable[Part]]] = []
_starts: list[Callable[[HttpRequest], str]] = []


@dataclass
class Home:
    headline: list[HomeBlock] = field(default_factory=list)
    main: list[HomeBlock] = field(default_factory=list)
    aside: list[HomeBlock] = field(default_factory=list)
    todo: list[ToDo] = field(default_factory=list)
    expiring: list[Expiry] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not (self.headline or self.main or self.todo or self.expiring)


def register(source: Callable[[HttpRequest], Iterable[Part]]) -> None:
    if source not in _sources:
        _sources.append(source)


def register_start(start: Callable[[HttpRequest], str]) -> None:
    """Where somebody who owns no vault starts: the name of an address, or nothing for those whom the app does not know."""
    if start not in _starts:
        _starts.append(start)


def start(request: HttpRequest) -> str:
    return next((name for find in _starts if (name := find(request))), "admin:index")


def build(request: HttpRequest) -> Home:
    parts = list(chain.from_iterable(source(request) for source in _sources))
    blocks = sorted((part for part in parts if isinstance(part, HomeBlock)), key=lambda block: block.order)
    return Home(
        headline=[block for block in blocks if block.slot == Slot.HEADLINE][:1],
        main=[block for block in blocks if block.slot == Slot.MAIN],
        aside=[block for block in blocks if block.slot == Slot.ASIDE],
        todo=sorted((part for part in parts if isinstance(part, ToDo)), key=lambda part: part.order),
        expiring=sorted((part for part in parts if isinstance(part, Expiry)), key=lambda part: part.on),
    )
