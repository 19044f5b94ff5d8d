"""Files of data. The paper's sealed content holds a summary: totals, months and a few rows.

The content never holds twenty thousand records: they are read again when they are kept.
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
#: With more records, a file is shown as a summary: a person does not compare so many one by one.
MANY = 40
#: The directions of energy that a resident may say (`flux` of energie.serie).
DIRECTIONS = ("soutirage", "injection", "production")
PREVIEW = 5


@dataclass(frozen=True)
class Held:
    """The number of records of one type."""

    type: str
    count: int


@dataclass(frozen=True)
class DataFile:
    """The summary of a file of data.

    `columns` are the names that the resident gave to a table's columns; `written` counts its records by outcome.
    """

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
    #: The file does not say whether its energy is drawn, injected or produced: its resident does.
    asks_direction: bool = False

    @property
    def awaits_columns(self) -> bool:
        return self.table is not None and not self.held

    @property
    def total(self) -> int:
        return sum(one.count for one in self.held)

    @property
    def is_about_a_person(self) -> bool:
        """Return whether a value is about a person, and not about the home.

        If several people live together, the page asks which.
        """
        return any(questions.asks_whose(one.type) for one in self.held)

    @property
    def has_places(self) -> bool:
        """Return whether the file reveals where a person was.

        Keeping the raw file is then a risk with little benefit.
        """
        return any(types.get(one.type).rules.places for one in self.held)


def is_data(reading: Reading) -> bool:
    kinds = {record["type"] for record in reading.records}
    return reading.table is not None or bool(kinds & types.data_codes()) or len(reading.records) > MANY


def kept(reading: Reading) -> dict[str, Any]:
    """Return the summary as it is sealed in the paper's content."""
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
        "asks_direction": reading.asks_direction,
    }


def opened(summary: Mapping[str, Any]) -> DataFile:
    return DataFile(
        format=summary["format"],
        facts=[Fact(*fact) for fact in summary["facts"]],
        table=Table(**summary["table"]) if summary.get("table") else None,
        columns=summary.get("columns", {}),
        problem=summary.get("problem", ""),
        held=[Held(*one) for one in summary["held"]],
        rows=[(code, payload) for code, payload in summary["rows"]],
        lines=[_read_line(line) for line in summary["lines"]],
        warnings=summary.get("warnings", ()),
        written=summary.get("written", {}),
        problems=summary.get("problems", ()),
        asks_direction=summary.get("asks_direction", False),
    )


def _shown(type_code: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in types.get(type_code).rules.columns if payload.get(name) is not None}


def _line(line: summaries.Line) -> dict[str, Any]:
    months = {
        name: [month.count, month.gaps, {code: str(amount) for code, amount in month.figures.items()}]
        for name, month in line.months.items()
    }
    return {"type": line.type, "key": list(line.key), "months": months}


def _read_line(summary: Mapping[str, Any]) -> summaries.Line:
    months = {
        name: summaries.Month(count, gaps, {code: Decimal(amount) for code, amount in figures.items()})
        for name, (count, gaps, figures) in summary["months"].items()
    }
    return summaries.Line(summary["type"], tuple(summary["key"]), months)
