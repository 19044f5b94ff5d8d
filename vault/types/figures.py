"""The figures that sum up a month of data: the list of each type, and the amounts that one record adds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.templatetags.civic import NBSP, money, number

Payload = Mapping[str, Any]
KILO = 1000
#: A currency other than the euro is written after its amount.
CURRENCY = re.compile("[A-Z]{3}")
UNITS = {"m3": "m³", "km": "km", "kWh": "kWh", "kVA": "kVA", "kW": "kW"}


@dataclass(frozen=True)
class Figure:
    """A figure of a month: the sum of its amounts or, with `peak`, the highest amount."""

    code: str
    label: str | Promise
    unit: str = ""
    peak: bool = False

    def format_amount(self, amount: Decimal) -> str:
        if self.unit == "EUR":
            return money(amount)
        if CURRENCY.fullmatch(self.unit):
            return f"{number(round(amount, 2))}{NBSP}{self.unit}"
        places = 0 if abs(amount) >= 100 else 1
        return f"{number(round(amount, places))}{NBSP}{UNITS.get(self.unit, self.unit)}".rstrip(NBSP)


#: The amounts of each type. A chart shows the first one.
FIGURES: dict[str, tuple[Figure, ...]] = {
    "banque.operation": (Figure("out", _("Sorties"), "EUR"), Figure("in", _("Entrées"), "EUR")),
    "energie.serie": (
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


def amounts(type_code: str, payload: Payload) -> dict[str, Decimal]:
    """Return the amounts that a record adds to its month, by figure code; empty if its type has no figure."""
    return _AMOUNTS[type_code](payload) if type_code in _AMOUNTS else {}


def measured(payload: Payload, value: float | None) -> float:
    """Return one value of a block in kWh or m³. An average power is multiplied by the length of its step."""
    if value is None:
        return 0.0
    if payload["grandeur"] == "volume":
        return value
    return value * (payload["pas_s"] / 3600 if payload["grandeur"] == "puissance_moyenne" else 1) / KILO


def exact(amount: float) -> Decimal:
    """Return a float sum of measures as a decimal, to six places."""
    return Decimal(str(round(amount, 6)))


def _operation(payload: Payload) -> dict[str, Decimal]:
    amount = Decimal(payload["montant"])
    return {"out": -amount, "in": Decimal(0)} if amount < 0 else {"in": amount, "out": Decimal(0)}


def _block(payload: Payload) -> dict[str, Decimal]:
    values = [value for value in payload["valeurs"] if value is not None]
    if payload["grandeur"] == "puissance_max":
        return {"power": exact(max(values) / KILO)} if values else {}
    code = "volume" if payload["grandeur"] == "volume" else "energy"
    return {code: exact(sum(measured(payload, value) for value in values))}


def _meter_index(payload: Payload) -> dict[str, Decimal]:
    total = payload.get("total")
    shown = float(sum(payload["cadrans"].values()) if total is None else total)
    energy = {"energy": exact(payload["energie_kwh"])} if payload.get("energie_kwh") is not None else {}
    return energy | ({"volume": exact(shown)} if payload["unite"] == "m3" else {"index": exact(shown / KILO)})


def _shared_energy(payload: Payload) -> dict[str, Decimal]:
    names = {"shared": "autoconsommee_kwh", "bought": "alloproduite_kwh", "surplus": "surplus_kwh"}
    return {code: exact(payload[name]) for code, name in names.items() if payload.get(name) is not None}


def _use(payload: Payload) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {"paid": Decimal(payload["montant"])} if payload.get("montant") else {}
    return found | ({"distance": exact(payload["distance_m"] / KILO)} if payload.get("distance_m") else {})


def _trip(payload: Payload) -> dict[str, Decimal]:
    return {"distance": exact(sum(leg["distance_m"] for leg in payload["segments"]) / KILO)}


def _receipt(payload: Payload) -> dict[str, Decimal]:
    total = payload.get("total")
    return {
        "paid": Decimal(total) if total else sum((Decimal(row["montant"]) for row in payload["lignes"]), Decimal(0))
    }


_AMOUNTS: dict[str, Callable[[Payload], dict[str, Decimal]]] = {
    "banque.operation": _operation,
    "energie.serie": _block,
    "energie.index": _meter_index,
    "acc.repartition": _shared_energy,
    "mobilite.usage": _use,
    "mobilite.trajet": _trip,
    "achats.ticket": _receipt,
}
