"""Summaries of data: amounts by month, for one thing followed over time, such as an account, a meter or a network."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.templatetags.civic import NBSP, money, number
from vault import types
from vault.records.values.periods import month_of
from vault.types import measure_blocks
from vault.types.record_identity import DATA, SERIES

Payload = Mapping[str, Any]
KILO = 1000
LAST = 4


@dataclass(frozen=True)
class Figure:
    """An amount that a type has by month. With `peak`, a month shows its highest value, not the sum."""

    code: str
    label: str | Promise
    unit: str = ""
    peak: bool = False

    def format_amount(self, amount: Decimal) -> str:
        if self.unit == "EUR":
            return money(amount)
        places = 0 if abs(amount) >= 100 else 1
        return f"{number(round(amount, places))}{NBSP}{UNITS.get(self.unit, self.unit)}".rstrip(NBSP)


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
        return [figure for figure in FIGURES.get(self.type, ()) if figure.code in held]

    @property
    def main(self) -> Figure | None:
        return self.figures[0] if self.figures else None


UNITS = {"m3": "m³", "km": "km", "kWh": "kWh", "kVA": "kVA", "kW": "kW"}
#: The amounts of each type. A chart shows the first one.
FIGURES: dict[str, tuple[Figure, ...]] = {
    "banque.operation": (Figure("out", _("Sorties"), "EUR"), Figure("in", _("Entrées"), "EUR")),
    SERIES: (
        Figure("energy", _("Énergie"), "kWh"),
        Figure("volume", _("Volume"), "m3"),
        Figure("power", _("Puissance la plus forte"), "kVA", peak=True),
    ),
    "energie.index": (
        Figure("energy", _("Énergie"), "kWh"),
        Figure("index", _("Dernier relevé"), "kWh", peak=True),
        Figure("volume", _("Dernier relevé"), "m3", peak=True),
    ),
    "acc.repartition": (
        Figure("shared", _("Reçue du partage"), "kWh"),
        Figure("bought", _("Achetée au fournisseur"), "kWh"),
        Figure("surplus", _("Surplus"), "kWh"),
    ),
    "mobilite.usage": (Figure("paid", _("Payé"), "EUR"), Figure("distance", _("Distance"), "km")),
    "mobilite.trajet": (Figure("distance", _("Distance"), "km"),),
    "achats.ticket": (Figure("paid", _("Payé"), "EUR"),),
}
#: The fields of the payload that distinguish two lines of a type.
KEYS = {
    "banque.operation": ("compte",),
    SERIES: ("point", "flux", "grandeur", "unite"),
    "energie.index": ("point", "unite"),
    "acc.repartition": ("point",),
    "mobilite.usage": ("service",),
}
#: The columns of the table of each type, which has one row per record.
COLUMNS: dict[str, tuple[str, ...]] = {
    "banque.operation": ("date_operation", "libelle", "montant"),
    "energie.index": ("horodate", "cadrans", "total", "energie_kwh"),
    "acc.repartition": ("debut", "autoconsommee_kwh", "alloproduite_kwh", "surplus_kwh"),
    "mobilite.usage": ("debut", "mode", "lieu_debut", "lieu_fin", "montant"),
    "mobilite.trajet": ("debut", "fin", "segments"),
    "mobilite.lieu": ("etiquette", "cog", "iris"),
    "achats.ticket": ("date", "enseigne", "total"),
    "agenda.evenement": ("debut", "titre", "lieu"),
}
#: Types that reveal where a person is or was. Keeping their raw file is a risk with little benefit.
PLACES = frozenset({"mobilite.trajet", "mobilite.lieu", "mobilite.usage"})


def lines(items: Iterable[tuple[str, Payload]]) -> list[Line]:
    """Return the lines, in the catalogue's order of their types, then by count."""
    found: dict[tuple[str, tuple[str, ...]], Line] = {}
    for type_code, payload in items:
        if type_code in DATA:
            key = tuple(str(payload.get(name) or "") for name in KEYS.get(type_code, ()))
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
            found[day] = (held + _measure(payload, value), gaps + (value is None))
    return [(day, _exact(amount), gaps) for day, (amount, gaps) in sorted(found.items())]


def _add(line: Line, type_code: str, payload: Payload) -> None:
    month = line.months[month_of(type_code, payload)]
    month.count += len(payload["valeurs"]) if type_code == SERIES else 1
    if type_code == SERIES:
        month.gaps += sum(1 for value in payload["valeurs"] if value is None)
    for code, amount in _FIGURES.get(type_code, _nothing)(payload).items():
        peak = any(figure.code == code and figure.peak for figure in FIGURES[type_code])
        held = month.figures.get(code)
        month.figures[code] = amount if held is None else (max(held, amount) if peak else held + amount)


def _nothing(payload: Payload) -> dict[str, Decimal]:
    return {}


def _operation(payload: Payload) -> dict[str, Decimal]:
    amount = Decimal(payload["montant"])
    return {"out": -amount, "in": Decimal(0)} if amount < 0 else {"in": amount, "out": Decimal(0)}


def _series(payload: Payload) -> dict[str, Decimal]:
    values = [value for value in payload["valeurs"] if value is not None]
    if payload["grandeur"] == "puissance_max":
        return {"power": _exact(max(values) / KILO)} if values else {}
    code = "volume" if payload["grandeur"] == "volume" else "energy"
    return {code: _exact(sum(_measure(payload, value) for value in values))}


def _measure(payload: Payload, value: float | None) -> float:
    """Return the measure in kWh or m³. An average power counts for the length of its step."""
    if value is None:
        return 0.0
    if payload["grandeur"] == "volume":
        return value
    return value * (payload["pas_s"] / 3600 if payload["grandeur"] == "puissance_moyenne" else 1) / KILO


def _exact(amount: float) -> Decimal:
    """Return a rounded Decimal: sums of measures are floats, and pages show exact numbers."""
    return Decimal(str(round(amount, 6)))


def _index(payload: Payload) -> dict[str, Decimal]:
    total = payload.get("total")
    shown = float(sum(payload["cadrans"].values()) if total is None else total)
    energy = {"energy": _exact(payload["energie_kwh"])} if payload.get("energie_kwh") is not None else {}
    return energy | ({"volume": _exact(shown)} if payload["unite"] == "m3" else {"index": _exact(shown / KILO)})


def _sharing(payload: Payload) -> dict[str, Decimal]:
    names = {"shared": "autoconsommee_kwh", "bought": "alloproduite_kwh", "surplus": "surplus_kwh"}
    return {code: _exact(payload[name]) for code, name in names.items() if payload.get(name) is not None}


def _use(payload: Payload) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {"paid": Decimal(payload["montant"])} if payload.get("montant") else {}
    return found | ({"distance": _exact(payload["distance_m"] / KILO)} if payload.get("distance_m") else {})


def _trip(payload: Payload) -> dict[str, Decimal]:
    return {"distance": _exact(sum(leg["distance_m"] for leg in payload["segments"]) / KILO)}


def _receipt(payload: Payload) -> dict[str, Decimal]:
    total = payload.get("total")
    return {
        "paid": Decimal(total) if total else sum((Decimal(row["montant"]) for row in payload["lignes"]), Decimal(0))
    }


_FIGURES: dict[str, Callable[[Payload], dict[str, Decimal]]] = {
    "banque.operation": _operation,
    SERIES: _series,
    "energie.index": _index,
    "acc.repartition": _sharing,
    "mobilite.usage": _use,
    "mobilite.trajet": _trip,
    "achats.ticket": _receipt,
}


#: Values left out of a name: a meter is expected to measure energy.
_PLAIN = {"energie", "puissance_moyenne"}


def name(line: Line) -> str:
    """Return the name shown beside its type: the last digits of an account, the flow of a meter."""
    pairs = zip(KEYS.get(line.type, ()), line.key, strict=True)
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
