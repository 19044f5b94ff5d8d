"""The resident's home page. Each app registers a function in `AppConfig.ready()`:

    home.register(blocks)      # def blocks(request: HttpRequest) -> Iterable[home.Part]

A block's template finds its context under the name `block` (`{{ block.href }}`). The function runs at each visit, in
the resident's scope: limit it to a few queries, and decrypt only the values that the page shows.

Most residents have no row of most kinds. An app names the rows that its blocks look for (`look_for`), and one query
says of all apps' rows whether there are any (`has`); the others are not asked for. What several blocks read is read
once (`once`).
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise
T = TypeVar("T")


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
_rows: dict[str, Callable[[], QuerySet[Any]]] = {}
_HELD, _READ = "_home_held", "_home_read"


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


def register(source: Callable[[HttpRequest], Iterable[Part]], *, first: bool = False) -> None:
    """Register an app's blocks. `first`: they read through the gate, and the other apps need the key that it read."""
    if source not in _sources:
        _sources.insert(0 if first else len(_sources), source)


def look_for(**rows: Callable[[], QuerySet[Any]]) -> None:
    """Name rows that a block of the page shows. Each function is called in the resident's scope."""
    _rows.update(rows)


def has(request: HttpRequest, name: str) -> bool:
    """Return True if the resident has such a row. All are looked for by one query, once for a request."""
    held: dict[str, bool] | None = getattr(request, _HELD, None)
    if held is None:
        held = _look({name: rows() for name, rows in _rows.items()})
        setattr(request, _HELD, held)
    return held[name]


def once(request: HttpRequest, read: Callable[[], T]) -> T:
    """Return what `read` returns. It is called once for a request, whatever blocks need it."""
    known: dict[Callable[[], Any], Any] = request.__dict__.setdefault(_READ, {})
    if read not in known:
        known[read] = read()
    found: T = known[read]
    return found


def _look(named: Mapping[str, QuerySet[Any]]) -> dict[str, bool]:
    asked: list[str] = []
    parts: list[str] = []
    values: list[Any] = []
    for name, rows in named.items():
        try:
            sql, given = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        asked.append(name)
        parts.append(f"EXISTS ({sql})")
        values.extend(given)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        found = cursor.fetchone()
    return dict.fromkeys(named, False) | dict(zip(asked, found, strict=True))


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
