"""The plan of a consultation: everything that decides what it may publish, fixed before the first contribution.

A plan is a JSON document (`plan.schema.json`). `Plan.from_json` reads it into frozen dataclasses, or refuses it with
every reason (`refusals.py`). The hash of its canonical JSON names it in agreements, events and publications.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from math import prod
from typing import Any, Self

from campaigns.noise import refusals
from campaigns.noise.refusals import CHECK_RHO, COUNTER_RHO, PlanRefused
from core import canonical

#: Days in which a contribution can be withdrawn before it counts.
COOLING_DAYS = 7


@dataclass(frozen=True)
class Words:
    fr: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.fr


@dataclass(frozen=True)
class Partner:
    name: str
    role: Words


@dataclass(frozen=True)
class Zone:
    """A zone with its public population. `codes`: the values of records that mean it, its own code by default."""

    code: str
    label: Words
    population: int
    parent: str | None = None
    codes: tuple[str, ...] = ()
    geometry: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Zoning:
    """A tree of zones: each level divides the one above it, so that no two published zones overlap in part."""

    code: str
    label: Words
    source: str
    zones: tuple[Zone, ...]

    @cached_property
    def by_code(self) -> dict[str, Zone]:
        return {zone.code: zone for zone in self.zones}

    @cached_property
    def leaves(self) -> tuple[Zone, ...]:
        parents = {zone.parent for zone in self.zones}
        return tuple(zone for zone in self.zones if zone.code not in parents)

    @cached_property
    def levels(self) -> int:
        return max(len(self.path(zone)) for zone in self.zones)

    def path(self, zone: Zone) -> list[Zone]:
        """Return the zones from the coarsest down to this one."""
        found = [zone]
        while found[0].parent is not None:
            found.insert(0, self.by_code[found[0].parent])
        return found

    def at_level(self, level: int) -> tuple[Zone, ...]:
        """Return the zones of a level, with the undivided zones of coarser levels: together they cover the city."""
        found = {}
        for leaf in self.leaves:
            path = self.path(leaf)
            zone = path[min(level, len(path) - 1)]
            found[zone.code] = zone
        return tuple(found.values())


@dataclass(frozen=True)
class Cell:
    """One cell of a dimension. `expected` is a share known from public figures; only the preview uses it."""

    code: str
    label: Words
    values: tuple[str, ...] = ()
    expected: float | None = None


@dataclass(frozen=True)
class Dimension:
    """One way to divide residents into fixed cells.

    Attributes:
        kind: "choice", "number" (between `edges`), "zone" or "zone_pair" (a departure and an arrival).
        source: the field of records, `type#/pointer`, or None if only the form asks it.
        to: the field of a pair's second zone.
        most: different cells that one resident may be counted in.
    """

    code: str
    label: Words
    kind: str
    cells: tuple[Cell, ...]
    source: str | None = None
    to: str | None = None
    most: int = 1
    level: int = 0
    edges: tuple[float, ...] = ()
    known_from: str = ""
    divide_by: float = 1.0

    @property
    def is_of_zones(self) -> bool:
        return self.kind in {"zone", "zone_pair"}


@dataclass(frozen=True)
class Measure:
    """A number of each resident, clamped to bounds from public knowledge and rounded to `step`, for means.

    Attributes:
        combine: how several values of one resident become one: "mean" or "sum".
        divide_by: from the unit of records to `unit`, such as 1000 from metres to kilometres.
    """

    code: str
    label: Words
    unit: str
    low: float
    high: float
    step: float
    known_from: str
    source: str | None = None
    combine: str = "mean"
    divide_by: float = 1.0

    @property
    def steps(self) -> int:
        """Return the number of steps between the bounds: a row holds 0 to this."""
        return round((self.high - self.low) / self.step)


@dataclass(frozen=True)
class Table:
    """A published table: residents counted over one or two dimensions, or the mean of a measure over them.

    `rho` is spent once for each resident. A table of means spends half on the counts and half on the sums, and
    publishes both.
    """

    code: str
    label: Words
    dimensions: tuple[str, ...]
    rho: float
    per_resident: int
    measure: str | None = None


@dataclass(frozen=True)
class Window:
    """One publication, on a calendar day: of the contributions whose seven days ended before it, not counted yet."""

    code: str
    release: date
    is_last: bool = False


@dataclass(frozen=True)
class Group:
    """The invited group of a campaign that opens only if its members vote yes: `quorum` votes at least."""

    invited: int
    quorum: int
    votes_until: date


@dataclass(frozen=True)
class Plan:
    version: int
    code: str
    title: Words
    question: Words
    purpose: Words
    sponsor: str
    partners: tuple[Partner, ...]
    retention_months: int
    unit: str
    sensitivity: str
    milestones: bool
    group: Group | None
    holder: str
    zoning: Zoning | None
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    tables: tuple[Table, ...]
    opens: date
    windows: tuple[Window, ...]
    minimum: int
    sha256: str

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, submitted_on: date | None = None) -> Self:
        """Read and check a plan.

        Args:
            submitted_on: the day on which it is submitted or approved, for the rules of plans that begin.

        Raises:
            PlanRefused: with every reason that was found. A document of the wrong shape is not looked at further.
        """
        if reasons := refusals.of_shape(document):
            raise PlanRefused(reasons)
        if reasons := refusals.of_zoning(document):
            raise PlanRefused(reasons)
        reasons = refusals.of_content(document)
        if submitted_on:
            reasons += refusals.of_submission(document, submitted_on)
        if reasons:
            raise PlanRefused(reasons)
        return cls._read(document)

    @classmethod
    def _read(cls, document: Mapping[str, Any]) -> Self:
        zoning = _zoning(document["zoning"]) if document["zoning"] else None
        days = [date.fromisoformat(text) for text in document["windows"]]
        return cls(
            version=document["version"],
            code=document["code"],
            title=Words(**document["title"]),
            question=Words(**document["question"]),
            purpose=Words(**document["purpose"]),
            sponsor=document["sponsor"],
            unit=document["unit"],
            sensitivity=document["sensitivity"],
            minimum=document["minimum"],
            milestones=document.get("milestones", False),
            group=_group(document.get("group")),
            holder=document.get("holder", ""),
            retention_months=document["retention_months"],
            partners=tuple(Partner(one["name"], Words(**one["role"])) for one in document["partners"]),
            zoning=zoning,
            dimensions=tuple(_dimension(one, zoning) for one in document["dimensions"]),
            measures=tuple(_with_words(Measure, one) for one in document["measures"]),
            tables=tuple(_with_words(Table, one, dimensions=tuple(one["dimensions"])) for one in document["tables"]),
            opens=date.fromisoformat(document["opens"]),
            windows=tuple(Window(f"w{number}", day, number == len(days)) for number, day in enumerate(days, start=1)),
            sha256=sha256_of(document),
        )

    @property
    def rho(self) -> float:
        """Return the most that one resident spends: tables, looks at their number in each window, milestones."""
        return sum(table.rho for table in self.tables) + CHECK_RHO * len(self.windows) + self.counter_rho

    @property
    def counter_rho(self) -> float:
        return COUNTER_RHO if self.milestones else 0.0

    @property
    def closes(self) -> date:
        return self.windows[-1].release

    @property
    def last_day(self) -> date:
        """Return the last day to contribute: later, the seven days would end after the last publication."""
        return self.closes - timedelta(days=COOLING_DAYS + 1)

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the fields of records that the plan reads, each once."""
        named = [*(one.source for one in self.dimensions), *(one.to for one in self.dimensions)]
        named += [one.source for one in self.measures]
        return tuple(dict.fromkeys(source for source in named if source))

    def dimension(self, code: str) -> Dimension:
        return next(one for one in self.dimensions if one.code == code)

    def measure(self, code: str) -> Measure:
        return next(one for one in self.measures if one.code == code)

    def table(self, code: str) -> Table:
        return next(one for one in self.tables if one.code == code)

    def window(self, code: str) -> Window:
        return next(one for one in self.windows if one.code == code)

    def shape(self, table: Table) -> tuple[int, ...]:
        """Return the length of each dimension of a table, with the cell “not given” at the end of each."""
        return tuple(len(self.dimension(code).cells) + 1 for code in table.dimensions)

    def size(self, table: Table) -> int:
        return prod(self.shape(table))

    def places(self, table: Table) -> Iterator[tuple[int, ...]]:
        """Yield the position of each cell of a table, in the order of its vector."""
        shape = self.shape(table)
        for number in range(prod(shape)):
            yield (number,) if len(shape) == 1 else divmod(number, shape[1])


def sha256_of(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical.encode(dict(document))).hexdigest()


def _with_words(kind: Any, document: Mapping[str, Any], **others: Any) -> Any:  # noqa: ANN401 - any of the dataclasses
    return kind(**{**document, "label": Words(**document["label"]), **others})


def _zoning(document: Mapping[str, Any]) -> Zoning:
    zones = tuple(
        _with_words(Zone, one, codes=tuple(one.get("codes") or (one["code"],)), parent=one.get("parent"))
        for one in document["zones"]
    )
    return Zoning(document["code"], Words(**document["label"]), document["source"], zones)


def _group(document: Mapping[str, Any] | None) -> Group | None:
    if document is None:
        return None
    return Group(document["invited"], document["quorum"], date.fromisoformat(document["votes_until"]))


def _dimension(document: Mapping[str, Any], zoning: Zoning | None) -> Dimension:
    if document["kind"] in {"zone", "zone_pair"} and zoning:
        cells = _zone_cells(zoning, document.get("level", 0), is_pair=document["kind"] == "zone_pair")
    else:
        cells = tuple(
            _with_words(Cell, one, values=tuple(one.get("values") or (one["code"],))) for one in document["cells"]
        )
    dimension: Dimension = _with_words(Dimension, document, cells=cells, edges=tuple(document.get("edges", ())))
    return dimension


def _zone_cells(zoning: Zoning, level: int, *, is_pair: bool) -> tuple[Cell, ...]:
    """Return the cells of a level, with the share of the public population that each has."""
    zones = zoning.at_level(level)
    everybody = sum(zone.population for zone in zones) or 1
    shares = [zone.population / everybody for zone in zones]
    if not is_pair:
        return tuple(Cell(zone.code, zone.label, zone.codes, share) for zone, share in zip(zones, shares, strict=True))
    return tuple(
        Cell(
            f"{one.code}.{other.code}",
            Words(f"{one.label.fr} → {other.label.fr}", f"{one.label.en} → {other.label.en}"),
            (),
            share * others,
        )
        for one, share in zip(zones, shares, strict=True)
        for other, others in zip(zones, shares, strict=True)
    )
