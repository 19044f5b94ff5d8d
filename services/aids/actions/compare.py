"""Compare what the resident's last payment statement says with what is computed, and look for the reason of each gap.

The engine is imported inside functions, as in `simulations`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from services.aids.actions.simulations import Nothing, read_household
from services.aids.asking.variants import assume
from services.aids.facts import from_vault
from services.aids.facts.from_vault import Read
from services.aids.household import BadHousehold, Household
from services.aids.trials import gaps
from services.aids.trials.gaps import Seen
from vault.records import gate
from vault.records.values import persons

if TYPE_CHECKING:
    from services.aids.benefits import Benefit

COMPARE: Final = gettext_noop("Comparer ce que vous recevez avec le calcul")
#: Euros a month: smaller gaps are not named.
SMALLEST: Final = 5.0
#: Euros between what a reason gives and what is paid.
EXPLAINED: Final = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """One aid: euros a month paid and computed, and the ways to see the household that give what is paid."""

    benefit: "Benefit"
    paid: float
    computed: float
    reasons: Sequence[Seen] = ()

    @property
    def gap(self) -> float:
        return round(self.paid - self.computed, 2)

    @property
    def differs(self) -> bool:
        return abs(self.gap) >= SMALLEST


@dataclass(frozen=True, slots=True)
class Comparison:
    """The aids paid or due, with the month of the statement. `supposed` as in `whatif.Offered`."""

    read: Read
    paid_month: str
    lines: Sequence[Line]
    supposed: bool
    name: str


class NoStatement(Exception):
    """The vault has no payment statement of the last four months."""


def compare(*, resident_id: UUID, today: date | None = None) -> Comparison | Nothing:
    """Read the vault once and run the household with all the ways to see it, in one run. Write one journal entry.

    Raises:
        NoStatement
    """
    from services.aids.asking import questions

    values = gate.read_own(resident_id=resident_id, purpose=COMPARE, fields=from_vault.FIELDS)
    if not values:
        return Nothing()
    try:
        read = read_household(values, resident_id=resident_id, today=today or timezone.localdate())
    except BadHousehold as problem:
        return Nothing(problem)
    statement = read.source("benefits_received")
    if statement is None or statement.type != "social.paiement":
        raise NoStatement
    waiting = questions.open_questions(read.household)
    household = assume(read.household, waiting)
    people = persons.persons(values, resident_id=resident_id)
    name = next((person.full_name for person in people if person.role == "self"), "")
    return Comparison(read, str(statement.payload["mois"]), _lines(household), bool(waiting), name)


def _lines(household: Household) -> list[Line]:
    from services.aids import benefits
    from services.aids.results import amounts_of

    others = gaps.seen(household)
    base, *tried = amounts_of([household, *(one.household for one in others)])
    lines = []
    for benefit in benefits.ALL:
        paid = sum(one.monthly for one in household.benefits or () if one.type in benefit.received_as)
        if benefit.unit != benefits.MONTH or not benefit.in_total or not (paid or base[benefit.code]):
            continue
        line = Line(benefit, round(paid, 2), base[benefit.code])
        if line.differs:
            line = Line(benefit, line.paid, line.computed, _reasons(line, others, tried))
        lines.append(line)
    return sorted(lines, key=lambda line: (not line.differs, -abs(line.gap)))


def _reasons(line: Line, others: Sequence[Seen], tried: Sequence[Mapping[str, float]]) -> list[Seen]:
    """Return the reasons that give what is paid, the nearest first; of one kind, only the nearest."""
    found = sorted(
        ((abs(amounts[line.benefit.code] - line.paid), rank) for rank, amounts in enumerate(tried)),
    )
    near = [others[rank] for distance, rank in found if distance <= EXPLAINED]
    return [one for place, one in enumerate(near) if one.reason not in {other.reason for other in near[:place]}]
