"""Summaries of data: amounts by month, for one thing followed over time, such as an account, a meter or a network."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from vault import types
from vault.records.values.periods import month_of
from vault.types import figures, measure_blocks
from vault.types.figures import Figure

Payload = Mapping[str, Any]
LAST = 4
EURO = "EUR"


@dataclass
class Month:
    count: int = 0
    gaps: int = 0
    figures: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Line:
    """One thing followed over time. `key` distinguishes it from the others of its type; `name` gives its name."""

    type: str
    key: tuple[str, ...]
    months: dict[str, Month] = field(default_factory=lambda: defaultdict(Month))

    @property
    def count(self) -> int:
        return sum(month.count for month in self.months.values())

    @property
    def gaps(self) -> int:
        return sum(month.gaps for month in self.months.values())

    @property
    def figures(self) -> list[Figure]:
        """Return the amounts of its type that it has."""
        held = {code for month in self.months.values() for code in month.figures}
        found = [figure for figure in figures.FIGURES.get(self.type, ()) if figure.code in held]
        return [replace(figure, unit=self._currency) if figure.unit == EURO else figure for figure in found]

    @property
    def _currency(self) -> str:
        """Return the currency of its amounts: those of two currencies are two lines, and are not added up."""
        named = dict(zip(types.get(self.type).rules.followed_by, self.key, strict=True))
        return named.get("devise") or EURO

    @property
    def main(self) -> Figure | None:
        return self.figures[0] if self.figures else None


def lines(items: Iterable[tuple[str, Payload]]) -> list[Line]:
    """Return the lines, in the catalogue's order of their types, then by count."""
    found: dict[tuple[str, tuple[str, ...]], Line] = {}
    for type_code, payload in items:
        rules = types.get(type_code).rules
        if rules.data:
            key = tuple(str(payload.get(name) or "") for name in rules.followed_by)
            line = found.setdefault((type_code, key), Line(type_code, key))
            _add(line, type_code, payload)
    order = [data_type.code for data_type in types.all_types()]
    return sorted(found.values(), key=lambda line: (order.index(line.type), -line.count))


def days(payloads: Iterable[Payload]) -> list[tuple[str, Decimal, int]]:
    """Return each local day of a month of measures, with its energy in kWh (or volume) and its missing measures."""
    found: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for payload in payloads:
        for position, value in enumerate(payload["valeurs"]):
            day = measure_blocks.local_day(payload, position).isoformat()
            held, gaps = found[day]
            found[day] = (held + figures.measured(payload, value), gaps + (value is None))
    return [(day, figures.exact(amount), gaps) for day, (amount, gaps) in sorted(found.items())]


def _add(line: Line, type_code: str, payload: Payload) -> None:
    month = line.months[month_of(type_code, payload)]
    blocks = types.get(type_code).rules.blocks
    month.count += len(payload["valeurs"]) if blocks else 1
    if blocks:
        month.gaps += sum(1 for value in payload["valeurs"] if value is None)
    for code, amount in figures.amounts(type_code, payload).items():
        peak = any(figure.code == code and figure.peak for figure in figures.FIGURES[type_code])
        held = month.figures.get(code)
        month.figures[code] = amount if held is None else (max(held, amount) if peak else held + amount)


#: Values left out of a name: a meter is expected to measure energy, an account to be in euros.
_PLAIN = {"energie", "puissance_moyenne", EURO}


def name(line: Line) -> str:
    """Return the name shown beside its type: the last digits of an account, the flow of a meter."""
    pairs = zip(types.get(line.type).rules.followed_by, line.key, strict=True)
    parts = [
        _named(line.type, known, value) for known, value in pairs if value and known != "unite" and value not in _PLAIN
    ]
    return ", ".join(parts)


def _named(type_code: str, field_name: str, value: str) -> str:
    info = types.field(f"{type_code}#/{field_name}")
    if info.options:
        return str(info.options.get(value, value))
    if field_name in {"compte", "point"} and len(value) > LAST:
        return f"{info.label} …{value[-LAST:]}"
    return value
