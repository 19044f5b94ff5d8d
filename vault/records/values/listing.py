"""Choose the records and papers of the vault's page by their plaintext columns, so that only these are decrypted.

Call these functions in the resident's scope. Values come by theme, newest first; the older values of a type are folded
under the newest. A type of data (`types.data_codes`) is one line per holder, which links to a page of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, Count, Max, Min, Q, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from vault import types
from vault.records.enums import Assurance, Method, PaperState
from vault.records.models import Paper, Record, RecordQuerySet

#: The largest numbers on one page: records in full, older records folded under a type, and papers.
A_PAGE = 30
FOLDED = 12
PAPERS = 10
#: How long a holder's values count as new.
LATELY = timedelta(days=60)
#: The state of kept papers that are too old; it is not stored.
EXPIRED = "expired"
#: The types with the names of the household.
NAMES = ("identite.pivot", "foyer.composition")
_ORGANISATION = (Method.API_PULL, Method.API_PUSH)


@dataclass(frozen=True)
class Wanted:
    """The resident's search and filters. `proof` is paper, holder or none."""

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
    """The plaintext columns of a record."""

    pk: UUID
    type: str
    person: UUID
    holder: str
    dated: bool
    fits: bool
    declared: bool = False
    expired: bool = False


@dataclass(frozen=True)
class Sum:
    """All the records of one type of data from one holder."""

    type: str
    holder: str
    count: int
    first: datetime | None
    last: datetime | None
    retrieved_at: datetime
    proven: bool


@dataclass(frozen=True)
class Arrival:
    """The values that one holder gave on one day."""

    holder: str
    day: date
    count: int
    types: Sequence[str]


@dataclass(frozen=True)
class Papers:
    """All the papers of the vault, in the order of `papers`, and how many of them ask for something."""

    ids: Sequence[UUID] = ()
    to_confirm: int = 0
    expired: int = 0


@dataclass(frozen=True)
class Listed:
    """The content of one page.

    `heads` appear in full, and `folded` as one line each. `more` counts by type the older records left off this page.
    """

    heads: Sequence[Row] = ()
    folded: Sequence[Row] = ()
    more: Mapping[str, int] = field(default_factory=dict)
    sums: Sequence[Sum] = ()
    total: int = 0
    pages: int = 1
    types: Sequence[str] = ()
    holders: Sequence[str] = ()
    names: Sequence[Row] = ()
    declared: int = 0
    expired: int = 0

    @property
    def opened(self) -> list[Row]:
        """Return the records that the page must decrypt: its content, and the names of the household."""
        return [*self.heads, *self.folded, *self.names]


def shown() -> RecordQuerySet:
    """Return the current records, without those that a service computed: the service displays them."""
    return Record.objects.current().exclude(method=Method.DERIVED)


def is_bare() -> bool:
    """Return True if the vault has no record, or only who its resident is."""
    return not beyond_identity().exists()


def beyond_identity() -> RecordQuerySet:
    return shown().exclude(type__startswith="identite.")


def newest_first(records: RecordQuerySet, fitting: Q | None = None) -> list[Row]:
    """Return the records, newest subject first. `fits` marks the ones that match `fitting`.

    The times stay in the database, because fetching them is slow.
    """
    about = Coalesce("period_end", "period_start", "issued_at", "retrieved_at")
    annotated = records.annotate(
        dated=_is(Q(period_start__isnull=False)),
        fits=_is(fitting),
        declared=_is(Q(assurance=Assurance.DECLARED)),
        expired=_is(Q(valid_until__lt=timezone.localdate())),
    )
    rows = annotated.order_by(about.desc(), "-retrieved_at", "-created_at", "pk")
    columns = ("pk", "type", "subject_person", "holder", "dated", "fits", "declared", "expired")
    return [Row(*row) for row in rows.values_list(*columns)]


def arrivals(limit: int) -> list[Arrival]:
    """Return what came lately, newest first: one line per holder and day."""
    since = timezone.now() - LATELY
    grouped = shown().filter(created_at__gt=since).order_by().annotate(day=TruncDate("created_at"))
    found = grouped.values("holder", "day").annotate(
        count=Count("pk"), types=ArrayAgg("type", distinct=True, order_by="type"), last=Max("created_at")
    )
    return [Arrival(one["holder"], one["day"], one["count"], one["types"]) for one in found.order_by("-last")[:limit]]


def _is(condition: Q | None) -> Case | Value:
    return Case(When(condition, then=Value(True)), default=Value(False)) if condition else Value(True)


def listed(wanted: Wanted) -> Listed:
    """Choose the content of a page by the plaintext columns.

    A search needs decrypted records: then every record that matches the other filters is a head.
    """
    everything = newest_first(shown().exclude(type__in=types.data_codes()), _plaintext_filter(wanted))
    sums = _sums(shown().filter(type__in=types.data_codes()))
    kinds = list(dict.fromkeys([row.type for row in everything] + [one.type for one in sums]))
    holders = sorted({row.holder for row in everything} | {one.holder for one in sums})
    named = [row for row in everything if row.type in NAMES]
    found = Listed(
        total=len(everything) + sum(one.count for one in sums),
        types=kinds,
        holders=holders,
        names=named,
        declared=sum(row.declared for row in everything),
        expired=sum(row.expired for row in everything),
    )
    fitting = [row for row in everything if row.fits]
    sums = [one for one in sums if _sum_fits(one, wanted)]
    if wanted.search:
        return replace(found, heads=_by_theme(fitting), sums=sums)
    heads, older = (fitting, []) if wanted.is_narrow else _fold(fitting)
    ordered = _by_theme(heads)
    page = min(max(wanted.page, 1), max(1, -(-len(ordered) // A_PAGE)))
    here = ordered[(page - 1) * A_PAGE : page * A_PAGE]
    folded, more = _near(here, older)
    return replace(
        found,
        heads=here,
        folded=folded,
        more=more,
        sums=sums if page == 1 else [],
        pages=max(1, -(-len(ordered) // A_PAGE)),
    )


def proven_by(paper_id: UUID) -> list[Row]:
    """Return the current records that a paper proves, or proved until a correction changed their values.

    The paper of one field is sealed in the record. It is always the paper of this record or of one that the record
    supersedes, directly or not. Data has no proof.
    """
    found = shown().exclude(type__in=types.data_codes())
    paper_rows = Record.objects.filter(paper=paper_id).exclude(type__in=types.data_codes())
    codes = list(paper_rows.values_list("type", flat=True).distinct())
    newer = dict(Record.objects.filter(type__in=codes).exclude(supersedes=None).values_list("supersedes_id", "pk"))
    newest = {_newest(pk, newer) for pk in paper_rows.values_list("pk", flat=True)}
    return newest_first(found.filter(pk__in=newest)) if newest else []


def _newest(pk: UUID, newer: Mapping[UUID, UUID]) -> UUID:
    while pk in newer:
        pk = newer[pk]
    return pk


def papers(state: str = "") -> Papers:
    """Return all the papers, or those in one state: the ones that wait for their resident first, then the newest.

    Besides the states, `EXPIRED` asks for the kept papers that are too old.
    """
    kept, today = PaperState.KEPT, timezone.localdate()
    found = list(Paper.objects.order_by("-created_at").values_list("pk", "state", "expires_on"))
    rows = [(pk, EXPIRED if held == kept and on and on < today else held) for pk, held, on in found]
    states = [held for _pk, held in rows]
    rows = [(pk, held) for pk, held in rows if state in {"", held} or (state, held) == (kept, EXPIRED)]
    own = [pk for pk, held in rows if held in {kept, EXPIRED}]
    waiting = [pk for pk, held in rows if held not in {kept, EXPIRED}]
    return Papers(
        [*waiting, *own],
        to_confirm=states.count(PaperState.TO_CONFIRM),
        expired=states.count(EXPIRED),
    )


def _plaintext_filter(wanted: Wanted) -> Q:
    asked = Q()
    if wanted.theme:
        asked &= Q(type__in=[data_type.code for data_type in types.all_types() if data_type.theme == wanted.theme])
    if wanted.type:
        asked &= Q(type=wanted.type)
    if wanted.holder:
        asked &= Q(holder=wanted.holder)
    return asked & _state(wanted.state, timezone.localdate()) & _proof(wanted.proof)


def _state(state: str, today: date) -> Q:
    """Filter by state.

    A corrected record may have values of several origins, so it may match either state; its rows decide.
    """
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
    summed = grouped.annotate(
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
        for one in summed
    ]
    return sorted(found, key=lambda one: (one.type, -one.count))


def _sum_fits(one: Sum, wanted: Wanted) -> bool:
    proven = {"": True, "verified": one.proven, "declared": not one.proven, "expired": False}.get(wanted.state, False)
    themed = wanted.theme in {"", types.get(one.type).theme}
    return (
        proven and themed and not wanted.proof and wanted.type in {"", one.type} and wanted.holder in {"", one.holder}
    )


def _fold(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Fold the past months and years of a type under the newest record about the same person."""
    heads: list[Row] = []
    older: list[Row] = []
    listed_before: set[tuple[str, UUID]] = set()
    for row in rows:
        (older if row.dated and (row.type, row.person) in listed_before else heads).append(row)
        listed_before.add((row.type, row.person))
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
