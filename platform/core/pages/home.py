"""The resident's home page. Each app registers a function in `AppConfig.ready()`:

    home.register(blocks)      # def blocks(request: HttpRequest) -> Iterable[home.Part]

A block's template finds its context under the name `block` (`{{ block.href }}`). The function runs at each visit, in
the resident's scope: limit it to a few queries, and decrypt only the values that the page shows.
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
    MAIN = "main"  # after the tasks and the expiring papers
    ASIDE = "aside"


@dataclass(frozen=True)
class HomeBlock:
    slot: Slot
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    order: int = 50
    lede: Text = ""  # a headline's sentence under the greeting


@dataclass(frozen=True)
class ToDo:
    """One row of “À faire”; the fields are those of components/task_list.html."""

    name: Text
    href: str
    hint: Text = ""
    tag: Text = ""
    tag_kind: str = "soon"
    order: int = 50


@dataclass(frozen=True)
class Expiry:
    """One row of “Papiers qui expirent”, nearest first; the fields are those of components/lines.html."""

    label: Text
    href: str
    on: datetime.date
    tag: Text
    tag_kind: str = "soon"


@dataclass(frozen=True)
class Way:
    """One way to begin, shown while the vault is empty: what it takes, what it gives, and how long."""

    title: Text
    needs: Text
    gives: Text
    time: Text
    href: str
    action: Text
    icon: str
    order: int = 50


@dataclass(frozen=True)
class Empty:
    """The vault holds nothing yet: the page shows the ways to begin, in place of the headline."""


Part = HomeBlock | ToDo | Expiry | Way | Empty
_sources: list[Callable[[HttpRequest], Iterable[Part]]] = []
_starts: list[Callable[[HttpRequest], str]] = []


@dataclass
class Home:
    headline: list[HomeBlock] = field(default_factory=list)
    main: list[HomeBlock] = field(default_factory=list)
    aside: list[HomeBlock] = field(default_factory=list)
    todo: list[ToDo] = field(default_factory=list)
    expiring: list[Expiry] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not (self.headline or self.main or self.todo or self.expiring or self.ways)

    @property
    def lede(self) -> Text:
        return next((block.lede for block in self.headline), "")


def register(source: Callable[[HttpRequest], Iterable[Part]]) -> None:
    if source not in _sources:
        _sources.append(source)


def register_start(start: Callable[[HttpRequest], str]) -> None:
    """Register a function that returns the start page of users without a vault.

    It returns a URL name, or an empty string for users that the app does not handle.
    """
    if start not in _starts:
        _starts.append(start)


def start(request: HttpRequest) -> str:
    return next((name for find in _starts if (name := find(request))), "admin:index")


def build(request: HttpRequest) -> Home:
    parts = list(chain.from_iterable(source(request) for source in _sources))
    blocks = sorted((part for part in parts if isinstance(part, HomeBlock)), key=lambda block: block.order)
    is_empty = any(isinstance(part, Empty) for part in parts)
    ways = sorted((part for part in parts if isinstance(part, Way)), key=lambda way: way.order)
    return Home(
        headline=[] if is_empty else [block for block in blocks if block.slot == Slot.HEADLINE][:1],
        ways=ways if is_empty else [],
        main=[block for block in blocks if block.slot == Slot.MAIN],
        aside=[block for block in blocks if block.slot == Slot.ASIDE],
        todo=sorted((part for part in parts if isinstance(part, ToDo)), key=lambda part: part.order),
        expiring=sorted((part for part in parts if isinstance(part, Expiry)), key=lambda part: part.on),
    )
