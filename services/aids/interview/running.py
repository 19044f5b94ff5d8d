"""Run the engine for an interview: few runs each, counted, one slot at a time.

The engine is imported inside functions: only web processes simulate, and loading the law is expensive.
"""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from services.aids import benefits
from services.aids.actions.simulations import (
    LocalResult,
    Simulation,
    ask_for_local,
    commune_of,
    evaluate_local,
)
from services.aids.asking.variants import Question
from services.aids.facts.naming import name_of
from services.aids.household import Household
from services.aids.interview import slots
from services.aids.interview.chain import Chain
from services.aids.interview.state import MOST_ESTIMATES, MOST_RUNS, Interview

if TYPE_CHECKING:
    from services.aids.results import Results

# Rows that combine answers. A person who knows little would else cost seconds.
COMBINED: Final = 12


class TooManyRuns(Exception):
    """This interview has used its runs."""


def mark(chain: Chain) -> str:
    """Hash what the engine's result depends on, so that a page shown again runs nothing.

    What only the city's aids read is left out: they are evaluated each time.
    """
    known = asdict(chain.household)
    for person in known["people"]:
        del person["city"]
    known.update(
        unknown=sorted(known["unknown"]),
        receives=sorted(known["receives"]),
        commune=commune_of(chain.overlay.values),
    )
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def simulate(interview: Interview, chain: Chain, longest: float = slots.LONGEST) -> Simulation:
    """Compute the aids of the household. The caller saves the interview, whose count of runs changes.

    Raises:
        TooManyRuns: the interview has used its runs.
        Busy: no slot was free in time.
    """
    computed = _run(interview, chain.household, longest)
    return Simulation(chain.read, computed, city_aids(interview, chain))


def city_aids(interview: Interview, chain: Chain) -> list[LocalResult]:
    """Evaluate the city's aids. The engine does not run, so a page may do it each time."""
    return evaluate_local(chain.read, commune_of(chain.overlay.values), interview.day)


def city_questions(interview: Interview, chain: Chain) -> list[tuple[str, Question]]:
    """Return what is still to be asked for the city's aids: each answer would change one of them.

    They come last. Until nothing else is to be asked, there is none.
    """
    if chain.waiting:
        return []
    held = {step.question.place for step in chain.steps}
    lines = city_aids(interview, chain)
    asked = ask_for_local(chain.read, held, lines, commune_of(chain.overlay.values), interview.day)
    return [(name_of(one.question, chain.household), one.question) for one in asked]


def _run(interview: Interview, household: Household, longest: float) -> "Results":
    from services.aids import results

    if interview.runs >= MOST_RUNS:
        raise TooManyRuns
    with slots.held(longest):
        computed = results.compute(household, combined=COMBINED)
    interview.runs += 1
    return computed


def estimate(interview: Interview, chain: Chain) -> None:
    """Compute what the answers still open may give, once the essential questions are passed. It never waits.

    Each answer narrows it, so it is computed again; if no slot is free, the former estimate stays, which is wider.
    It holds 204 of the 221 final amounts of the stories of the tests: an answer may open a question that adds an aid.
    """
    known = mark(chain)
    if chain.before_first_amount or not chain.answered or interview.estimate.get("mark") == known:
        return
    if interview.runs >= MOST_ESTIMATES or not chain.waiting:
        return
    try:
        found = _run(interview, chain.household, longest=0.3)
    except slots.Busy:
        return
    low, high = found.span(benefits.MONTH)
    interview.estimate = {"low": low, "high": high, "aids": len(found.possible), "mark": known}
