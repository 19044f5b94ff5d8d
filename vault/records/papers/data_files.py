"""A file of data: what it holds is told in sum, sealed with its paper; its records are read again when they are kept.

Twenty thousand records never lie in a paper's content: totals, months and a few rows do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vault import types
from vault.readers.reading import Fact, Reading, Table
from vault.records.values import questions, summaries

#: The kind of paper that such a file is (vault/records/content/paper_kinds.json).
KIND = "fichier_donnees"
#: More values than a person compares one by one.
MANY = 40
PREVIEW = 5


@dataclass(frozen=True)
class Held:
    """How many records of one type."""

    type: str
    count: int


@dataclass(frozen=True)
class DataFile:
    """`columns` is what the resident said of a table; `written` how many records came of it, by outcome."""

    format: str
    facts: Sequence[Fact] = ()
    table: Table | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    held: Sequence[Held] = ()
    rows: Sequence[tuple[str, Mapping[str, Any]]] = ()
    lines: Sequence[summaries.Line] = ()
    warnings: Sequence[str] = ()
    written: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @property
    def awaits_columns(self) -> bool:
        return self.table is not None and not self.held

    @property
    def total(self) -> int:
        return sum(one.count for one in self.held)

    @property
    def is_someone_s(self) -> bool:
        """About a person, not about their home: where several live together, whose it is must be said."""
        return any(questions.asks_whose(one.type) for one in self.held)

    @property
    def has_places(self) -> bool:
        """Where someone was: keeping the raw file of that costs more than it gives."""
        return any(types.get(one.type).rules.places for one in self.held)


def is_data(reading: Reading) -> bool:
    kinds = {record["type"] for record in reading.records}
    return reading.table is not None or bool(kinds & types.data_codes()) or len(reading.records) > MANY


def kept(reading: Reading) -> dict[str, Any]:
    """As it is sealed in the paper's content."""
    items = [(record["type"], record["payload"]) for record in reading.records]
    counts: dict[str, int] = {}
    for type_code, _payload in items:
        counts[type_code] = counts.get(type_code, 0) + 1
    order = [data_type.code for data_type in types.all_types() if data_type.code in counts]
    main = next((code for code in order if types.get(code).rules.columns), "")
    return {
        "format": reading.format,
        "facts": [[fact.code, fact.value, fact.unit] for fact in reading.facts],
        "table": {"headers": reading.table.headers, "rows": reading.table.rows, "guess": reading.table.guess}
        if reading.table
        else None,
        "held": [[code, counts[code]] for code in order],
        "rows": [[code, _shown(code, payload)] for code, payload in items if code == main][:PREVIEW],
        "lines": [_line(line) for line in summaries.lines(items)],
        "warnings": list(reading.warnings),
    }


def opened(said: Mapping[str, Any]) -> DataFile:
    return DataFile(
        format=said["format"],
        facts=[Fact(*fact) for fact in said["facts"]],
        table=Table(**said["table"]) if said.get("table") else None,
        columns=said.get("columns", {}),
        problem=said.get("problem", ""),
        held=[Held(*one) for one in said["held"]],
        rows=[(code, payload) for code, payload in said["rows"]],
        lines=[_read_line(line) for line in said["lines"]],
        warnings=said.get("warnings", ()),
        written=said.get("written", {}),
        problems=said.get("problems", ()),
    )


def _shown(type_code: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in types.get(type_code).rules.columns if payload.get(name) is not None}


def _line(line: summaries.Line) -> dict[str, Any]:
    months = {
        name: [month.count, month.gaps, {code: str(amount) for code, amount in month.figures.items()}]
        for name, month in line.months.items()
    }
    return {"type": line.type, "key": list(line.key), "months": months}


def _read_line(said: Mapping[str, Any]) -> summaries.Line:
    months = {
        name: summaries.Month(count, gaps, {code: Decimal(amount) for code, amount in figures.items()})
        for name, (count, gaps, figures) in said["months"].items()
    }
    return summaries.Line(said["type"], tuple(said["key"]), months)
