"""Try a change on a copy of the resident's household. Nothing is written but the entry of the reading.

The engine is imported inside functions, as in `simulations`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from services.aids import trials
from services.aids.actions.simulations import Nothing, read_household
from services.aids.asking.variants import assume
from services.aids.facts import from_vault
from services.aids.household import BadHousehold, Household
from services.aids.trials import Trial
from vault.records import gate

TRY: Final = gettext_noop("Essayer un changement de situation")
MINIMUM_WAGE: Final = "marche_travail.salaire_minimum.smic.smic_b_mensuel"

Amounts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Offered:
    """The changes that the resident may try. `supposed` is True if unknown values were taken as usual ones."""

    household: Household
    trials: Sequence[Trial]
    supposed: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A change tried: the amounts by aid, before and after, for this month and each of the twelve that follow.

    `incomes` and `rents` are a month's euros before and after; `once` has what is paid once because of the change.
    """

    offered: Offered
    trial: Trial
    before: Sequence[Amounts]
    after: Sequence[Amounts]
    incomes: tuple[float, float]
    rents: tuple[float, float]
    once: Amounts = field(default_factory=dict)


def offered(*, resident_id: UUID, today: date | None = None) -> Offered | Nothing:
    """Read the household and return what may be tried. Write one journal entry; the engine does not run."""
    from services.aids.asking import questions
    from services.aids.engine import reform
    from services.aids.engine import run as engine

    values = gate.read_own(resident_id=resident_id, purpose=TRY, fields=from_vault.FIELDS)
    if not values:
        return Nothing()
    try:
        read = read_household(values, resident_id=resident_id, today=today or timezone.localdate())
    except BadHousehold as problem:
        return Nothing(problem)
    waiting = questions.open_questions(read.household)
    household = assume(read.household, waiting)
    law = reform.parameter(engine.system(), MINIMUM_WAGE)(f"{household.month}-01")
    return Offered(household, trials.trials(household, float(law)), bool(waiting))


def tried(*, resident_id: UUID, code: str, today: date | None = None) -> Tried | Nothing | None:
    """Run the household before and after one change, month by month, in one run. Return None for an unknown change."""
    found = offered(resident_id=resident_id, today=today)
    if isinstance(found, Nothing):
        return found
    trial = next((one for one in found.trials if one.code == code), None)
    return None if trial is None else _run(found, trial)


def _run(found: Offered, trial: Trial) -> Tried:
    from services.aids.results import amounts_of

    before, after = trials.rows(found.household, trial)
    due = [trials.expecting(found.household)] if trial.group == "birth" else []
    amounts = amounts_of([*before, *after, *due])
    count = len(before)
    return Tried(
        found,
        trial,
        before=amounts[:count],
        after=amounts[count : 2 * count],
        incomes=(trials.monthly(before[-1]), trials.monthly(after[-1])),
        rents=(trials.rent(before[-1]), trials.rent(after[-1])),
        once={"paje_naissance": amounts[-1]["paje_naissance"]} if due else {},
    )
