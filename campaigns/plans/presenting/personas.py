"""A rehearsal on personas: what these invented residents would send, by the code that coarsens real records."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from campaigns.noise.plan import Dimension, Measure, Plan
from campaigns.noise.rows import Row, coarsen
from campaigns.plans.presenting.wording import language, words_of
from campaigns.plans.values import values_of
from certification.developers import personas
from certification.developers.personas import Persona

#: Personas shown first. The others are folded.
SHOWN = 4


@dataclass(frozen=True)
class Rehearsal:
    """The rows of the personas in words, of those who would send something from their vault."""

    sentence: str
    first: list[dict[str, Any]]
    others: list[dict[str, Any]]


def row_of(plan: Plan, persona: Persona, today: date) -> Row:
    """Return the row of a persona. They live in the zones of the plan, whatever the city."""
    places = [zone.codes[0] for zone in plan.zoning.leaves] if plan.zoning else personas.QUARTERS
    return coarsen(plan, values_of(plan.sources, personas.records(persona, today, places)))


def rehearsed(plan: Plan, today: date) -> Rehearsal:
    lines = [
        {"key": f"{one.name}, {one.about[0].lower()}{one.about[1:]}", "value": words}
        for one in personas.everyone()
        if (words := _in_words(plan, row_of(plan, one, today)))
    ]
    introduction = _("%(some)s habitants fictifs sur %(all)s enverraient ceci. Les autres rempliraient le formulaire.")
    sentence = introduction % {"some": len(lines), "all": len(personas.everyone())}
    return Rehearsal(sentence, lines[:SHOWN], lines[SHOWN:])


def _in_words(plan: Plan, row: Row) -> str:
    columns: list[Dimension | Measure] = [*plan.dimensions, *plan.measures]
    worded = [(one, words_of(one, row[one.code])) for one in columns]
    return ". ".join(f"{one.label.in_language(language())} : {words}" for one, words in worded if words)
