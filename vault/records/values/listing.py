"""Which records and papers the vault's page shows, chosen by what is in clear: nothing is decrypted that the page does not show.

In the resident's scope. Values come by theme, the newest first; of a type, the older ones are folded under the newest. What comes by
hundreds (`types.data_codes`) is one line by holder, which opens on a page of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Max, Min, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from vault import types
from vault.records.enums import Assurance, Method, PaperState
from vault.records.models import Paper, Record, RecordQuerySet

#: Records that stand in full on one page, older ones folded under each, and papers beside them.
A_PAGE = 30
FOLDED = 12
PAPERS = 10
#: Whose names a page may say.
NAMES = ("identite.pivot", "foyer.composition")
_ORGANISATION = (Method.API_PULL, Method.API_PUSH)


@dataclass(frozen=True)
class Wanted:
    """What the resident asked to see. `proof` is paper, holder or none."""

    search: str = ""
    theme: str = ""
    type: str = ""
    holder: str = ""
    state: str = ""
    proof: str = ""
    page: int = 1

    @property
    def is_narrow(self) -> bool:
        return replace(self, page=1) != Wanted()


@dataclass(frozen=True)
class Row:
    """A record as the database holds it in clear."""

    pk: UUID
    type: str
    person: UUID
    holder: str
    dated: bool
    fits: bool


@dataclass(frozen=True)
class Sum:
    """All that one holder gave of one type of data."""

    type: str
    holder: str
    count: int
    first: datetime | None
    last: datetime | None
    retrieved_at: datetime
    proven: bool


@dataclass(frozen=True)
class Listed:
    """`heads` stand in full and `folded` as one line, for this page; `more` counts by type what is folded further away."""

    heads: Sequence[Row] = ()
    folded: Sequence[Row] = ()
    more: Mapping[str, int] = field(default_factory=dict)
    sums: Sequence[Sum] = ()
    total: int = 0
    pages: int = 1
    types: Sequence[str] = ()
    holders: Sequence[str] = ()
    names: Sequence[Row] = ()

    @property
    def opened(self) -> list[Row]:
        """What its page must open: what it shows, and who lives there."""
        return [*self.heads, *self.folded, *self.names]


def shown() -> RecordQuerySet:
    """What a service computed is that service's to show."""
    return Record.objects.current().exclude(method=Method.DERIVED)


def newest_first(records: RecordQuerySet, fitting: Q | None = None) -> list[Row]:
    """All of them, by what they are about; `fits` says which ones are asked for. Their times stay in the database: reading them costs."""
    about = Coalesce("period_end", "period_start", "issued_at", "retrieved_at")
    told = records.annotate(dated=_is(Q(period_start__isnull=False)), fits=_is(fitting))
    rows = told.order_by(about.desc(), "-retrieved_at", "-created_at", "pk")
    return [Row(*row) for row in rows.values_list("pk", "type", "subject_person", "holder", "dated", "fits")]


def _is(condition: Q | None) -> Case | Value:
    return Case(When(condition, then=Value(True)), default=Value(False)) if condition else Value(True)


def listed(wanted: Wanted) -> Listed:
    """Filters on what is in clear; `search` is for what has been opened: then every record that fits the rest is a head."""
    everything = newest_first(shown().exclude(type__in=types.data_codes()), _clear(wanted))
    sums = _sums(shown().filter(type__in=types.data_codes()))
    kinds = list(dict.fromkeys([row.type for row in everything] + [one.type for one in sums]))
    holders = sorted({row.holder for row in everything} | {one.holder for one in sums})
    named = [row for row in everything if row.type in NAMES]
    told = Listed(total=len(everything) + sum(one.count for one in sums), types=kinds, holders=holders, names=named)
    fitting = [row for row in everything if row.fits]
    sums = [one for one in sums if _sum_fits(one, wanted)]
    if wanted.search:
        return replace(told, heads=_by_theme(fitting), sums=sums)
    heads, older = (fitting, []) if wanted.is_narrow else _fold(fitting)
    ordered = _by_theme(heads)
    page = min(max(wanted.page, 1), max(1, -(-len(ordered) // A_PAGE)))
    here = ordered[(page - 1) * A_PAGE : page * A_PAGE]
    folded, more = _near(here, older)
    return replace(
        told,
        heads=here,
        folded=folded,
        more=more,
        sums=sums if page == 1 else [],
        pages=max(1, -(-len(ordered) // A_PAGE)),
    )


def papers(state: str = "") -> list[UUID]:
    """All of them, or those in one state: what waits for its resident first, then the newest."""
    rows = list(Paper.objects.order_by("-created_at").values_list("pk", "state"))
    waiting = [pk for pk, held in rows if held != PaperState.KEPT and state in {"", held}]
    return [*waiting, *[pk for pk, held in rows if held == PaperState.KEPT and state in {"", held}]]


def _clear(wanted: Wanted) -> Q:
    asked = Q()
    if wanted.theme:
        asked &= Q(type__in=[data_type.code for data_type in types.all_types() if data_type.theme == wanted.theme])
    if wanted.type:
        asked &= Q(type=wanted.type)
    if wanted.holder:
        asked &= Q(holder=wanted.holder)
    return asked & _state(wanted.state, timezone.localdate()) & _proof(wanted.proof)


def _state(state: str, today: date) -> Q:
    """A record that was corrected may hold values of several origins: it may fit either way, its rows tell."""
    match state:
        case "verified":
            return Q(assurance__in=[Assurance.HOLDER, Assurance.SIGNATURE, Assurance.CONSISTENT]) | Q(
                supersedes__isnull=False
            )
        case "declared":
            return Q(assurance=Assurance.DECLARED)
        case "expired":
            return Q(valid_until__lt=today)
    return Q()


def _proof(proof: str) -> Q:
    match proof:
        case "paper":
            return Q(paper__isnull=False)
        case "holder":
            return Q(method__in=_ORGANISATION)
        case "none":
            return Q(paper__isnull=True) & ~Q(method__in=_ORGANISATION)
    return Q()


def _sums(records: RecordQuerySet) -> list[Sum]:
    grouped = records.order_by().values("type", "holder")
    told = grouped.annotate(
        count=Count("pk"),
        first=Min("period_start"),
        last=Max("period_start"),
        retrieved=Max("retrieved_at"),
        declared=Count("pk", filter=Q(assurance=Assurance.DECLARED)),
    )
    found = [
        Sum(
            one["type"], one["holder"], one["count"], one["first"], one["last"], one["retrieved"], one["declared"] == 0
        )
        for one in told
    ]
    return sorted(found, key=lambda one: (one.type, -one.count))


def _sum_fits(one: Sum, wanted: Wanted) -> bool:
    proven = {"": True, "verified": one.proven, "declared": not one.proven, "expired": False}.get(wanted.state, False)
    themed = wanted.theme in {"", types.get(one.type).theme}
    return (
        proven and themed and not wanted.proof and wanted.type in {"", one.type} and wanted.holder in {"", one.holder}
    )


def _fold(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Past months and years of a type go under the newest one about the same person."""
    heads: list[Row] = []
    older: list[Row] = []
    seen: set[tuple[str, UUID]] = set()
    for row in rows:
        (older if row.dated and (row.type, row.person) in seen else heads).append(row)
        seen.add((row.type, row.person))
    return heads, older


def _near(heads: Sequence[Row], older: Sequence[Row]) -> tuple[list[Row], dict[str, int]]:
    here = {(row.type, row.person) for row in heads}
    folded: list[Row] = []
    more: dict[str, int] = {}
    counts: dict[str, int] = {}
    for row in older:
        if (row.type, row.person) not in here:
            continue
        counts[row.type] = counts.get(row.type, 0) + 1
        if counts[row.type] <= FOLDED:
            folded.append(row)
        else:
            more[row.type] = counts[row.type] - FOLDED
    return folded, more


def _by_theme(rows: Sequence[Row]) -> list[Row]:
    order: dict[str, Any] = {code: position for position, code in enumerate(types.themes())}
    return sorted(rows, key=lambda row: order[types.get(row.type).theme])
