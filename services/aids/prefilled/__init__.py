"""The quarterly declaration that the CAF fills in, beside the payslips: what differs, and why it may. Pure functions.

Since March 2025 the declaration of a month reads the months M-4 to M-2 (“solidarité à la source”). Wages and
replacement incomes are filled in with their “montant net social”; the rest is for the resident to add.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.aids.household import months
from vault.records.values.decrypted import Opened, Values

PAYSLIP: Final = "emploi.revenu"
OTHER: Final = "revenu.mensuel"
FIELDS: Final = (
    *(f"{PAYSLIP}#/{name}" for name in ("mois", "employeur", "net_social", "net_avant_impot", "net_imposable")),
    *(f"{OTHER}#/{name}" for name in ("mois", "nature", "net")),
)
#: Of `revenu.mensuel`: what the CAF fills in from those who pay it, and what it never does.
FILLED_IN: Final = frozenset({"retraite", "pension_invalidite", "indemnites_journalieres", "apprentissage", "stage"})
NEVER: Final = ("pension_alimentaire_recue", "micro_entreprise", "loyers_percus")
#: Euros: the CAF rounds to the euro.
SAME: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Slip:
    """One payslip, or one other income that is filled in. `social` is its “montant net social”."""

    record: Opened
    payer: str
    social: Decimal
    others: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one adult's part of the declaration. `reason` is a code with the `words` of its sentence, empty if
    there is no gap; `who` is the partner's name, empty for the resident.
    """

    month: str
    filled: Decimal
    slips: Sequence[Slip]
    reason: str = ""
    words: Sequence[str] = ()
    who: str = ""

    @property
    def known(self) -> Decimal:
        return sum((slip.social for slip in self.slips), Decimal())

    @property
    def gap(self) -> Decimal:
        return self.filled - self.known

    @property
    def to_correct(self) -> bool:
        """Return True if the payslips show another amount. Without a payslip nothing is shown."""
        return bool(self.slips) and abs(self.gap) > SAME


def months_of(month: str) -> list[str]:
    return months.between(months.shift(month, -4), months.shift(month, -2))


def slips(values: Values, person: UUID) -> dict[str, list[Slip]]:
    """Return the person's incomes that the CAF fills in, by month. One without a net social amount is left out."""
    found: dict[str, list[Slip]] = {}
    for record in values.of_type(PAYSLIP, person):
        payload = record.payload
        if months.is_month(payload.get("mois")) and payload.get("net_social") is not None:
            names = ("net_avant_impot", "net_imposable")
            others = {name: Decimal(payload[name]) for name in names if payload.get(name) is not None}
            slip = Slip(record, payload.get("employeur") or "", Decimal(payload["net_social"]), others)
            found.setdefault(payload["mois"], []).append(slip)
    for record in values.of_type(OTHER, person):
        payload = record.payload
        if payload.get("nature") in FILLED_IN and payload.get("net") is not None:
            found.setdefault(payload["mois"], []).append(Slip(record, "", Decimal(payload["net"]), {}))
    return found


def never_filled(values: Values, person: UUID, month: str) -> list[tuple[str, str, Decimal]]:
    """Return the (nature, month, euros) of the declaration's months that the resident has to add."""
    span = months_of(month)
    return [
        (record.payload["nature"], record.payload["mois"], Decimal(record.payload["net"]))
        for record in values.of_type(OTHER, person)
        if record.payload.get("nature") in NEVER
        and record.payload.get("mois") in span
        and Decimal(record.payload.get("net") or 0) > 0
    ]


def compare(filled: Mapping[str, Decimal], by_month: Mapping[str, Sequence[Slip]], who: str = "") -> list[Month]:
    """Return each month that was typed, with what may explain its gap."""
    return [
        _compared(Month(month, amount, by_month.get(month, ()), who=who), by_month) for month, amount in filled.items()
    ]


def _compared(one: Month, by_month: Mapping[str, Sequence[Slip]]) -> Month:
    if not one.slips:
        return replace(one, reason="no_slip")
    if not one.to_correct:
        return one
    reason, words = _reason(one, by_month)
    return replace(one, reason=reason, words=words)


def _reason(one: Month, by_month: Mapping[str, Sequence[Slip]]) -> tuple[str, Sequence[str]]:
    if one.filled == 0:
        return "missing", ()
    if payer := _left_out(one):
        return "employer", (payer,)
    for name in ("net_avant_impot", "net_imposable"):
        if _near(one.filled, sum((slip.others.get(name, slip.social) for slip in one.slips), Decimal())):
            return name, ()
    for by in (-1, 1):
        other = months.shift(one.month, by)
        if by_month.get(other) and _near(one.filled, sum((slip.social for slip in by_month[other]), Decimal())):
            return "shifted", (other,)
    return "unknown", ()


def _left_out(one: Month) -> str:
    """Return the payer whose payslip makes the whole gap, if there are several."""
    if len(one.slips) < 2:
        return ""
    return next((slip.payer or "?" for slip in one.slips if _near(one.known - slip.social, one.filled)), "")


def _near(first: Decimal, second: Decimal) -> bool:
    return abs(first - second) <= SAME


def field(month: str, rank: int) -> str:
    """Return the name of a month's field, for the adult of this rank: the resident first."""
    return f"{month}-{rank}" if rank else month


def typed(month: str, cleaned: Mapping[str, Any], rank: int = 0) -> dict[str, Decimal]:
    """Return what was typed for one adult, by month; a month left empty is not compared."""
    found = {one: cleaned.get(field(one, rank)) for one in months_of(month)}
    return {one: Decimal(amount) for one, amount in found.items() if amount is not None}
