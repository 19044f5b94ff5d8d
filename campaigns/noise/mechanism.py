"""The release of a window: exact counts in, noisy figures out. The only module that imports OpenDP.

OpenDP's discrete Gaussian draws from the system's secure random numbers. Its import costs memory and time, so it is
inside the function: only the worker of releases and `manage.py rehearse` call it.

Order for each table, which nothing may change: the charge is committed, then noise is drawn. A process that is killed
between them has spent the budget; starting again spends it again.
"""

import math
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import numpy as np

from campaigns.noise import budget, estimates, figures, statements
from campaigns.noise.plan import Plan, Table, Window
from campaigns.noise.publication import POSTPONED, PUBLISHED, TOO_FEW, VERSION, Publication
from campaigns.noise.refusals import CHECK_RHO
from campaigns.noise.rows import Row
from campaigns.noise.tally import Tally

#: Of the charge for the look at the number of new contributions.
CHECK = "_check"
Charge = Callable[[str, float], None]


class WrongSpending(Exception):
    """OpenDP counts another ρ than the plan: nothing was drawn."""


def release(
    plan: Plan,
    window: Window,
    rows: Iterable[Row | bytes],
    *,
    charge: Charge,
    on: date | None = None,
    previous_sha256: str = "",
) -> Publication:
    """Count, draw noise and return the publication of a window.

    With fewer new contributions than the plan's minimum, counted with noise, nothing else is drawn: the document's
    `outcome` says that these contributions wait for the next window, or that there was none.

    Args:
        rows: new contributions, packed or not, in any order. One that the plan does not allow counts nowhere.
        charge: called with a table's code and its ρ before each draw; returns once the charge is committed. What it
            raises ends the release.
        on: the day, the window's own by default.
        previous_sha256: of the publication before this one in the consultation.
    """
    tally = Tally(plan).add(rows)
    charge(CHECK, CHECK_RHO)
    check = draw([tally.rows], 1, CHECK_RHO)[0]
    if check < plan.minimum:
        outcome = TOO_FEW if window.is_last else POSTPONED
        document = _document(plan, window, on, previous_sha256, outcome, CHECK_RHO)
        return _stated(plan, document | {"noisy_n": figures.total(check, budget.check_sigma()), "tables": []})
    counts: dict[str, Any] = {}
    sums: dict[str, Any] = {}
    for table in plan.tables:
        charge(table.code, table.rho)
        counts[table.code] = draw(tally.counts[table.code], budget.count_l2(table), budget.count_rho(table))
        if table.measure:
            sums[table.code] = draw(tally.sums[table.code], budget.sum_l2(plan, table), budget.sum_rho(table))
    whole = estimates.estimate(plan, (), counts, check)
    document = _document(plan, window, on, previous_sha256, PUBLISHED, spent(plan))
    tables = [_published(plan, table, counts, sums, check) for table in plan.tables]
    return _stated(plan, document | {"noisy_n": figures.total(whole.values[0], whole.noise), "tables": tables})


def draw(vector: Any, l2: float, rho: float) -> Any:  # noqa: ANN401 - a list or an array of whole numbers
    """Return a vector with discrete Gaussian noise of ρ for a change of `l2`.

    Raises:
        WrongSpending
    """
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=dp.f64)
    measurement = dp.m.make_gaussian(*space, scale=budget.sigma(l2, rho))
    counted = float(measurement.map(l2))  # type: ignore[no-untyped-call]
    if not math.isclose(counted, rho, rel_tol=1e-9, abs_tol=1e-12):
        raise WrongSpending
    return np.array(measurement([int(value) for value in vector]), dtype=np.int64)


def spent(plan: Plan) -> float:
    """Return the ρ of one publication with figures: each table, and one look at the number of contributions."""
    return math.fsum([CHECK_RHO, *(table.rho for table in plan.tables)])


def _document(
    plan: Plan, window: Window, on: date | None, previous_sha256: str, outcome: str, rho: float
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "campaign": plan.code,
        "plan_sha256": plan.sha256,
        "window": window.code,
        "date": (on or window.release).isoformat(),
        "outcome": outcome,
        "rho": round(rho, 9),
        "epsilon_at_delta": round(budget.epsilon(rho), 4),
        "delta": budget.DELTA,
        "previous_sha256": previous_sha256,
    }


def _stated(plan: Plan, document: dict[str, Any]) -> Publication:
    return Publication(document | {"statements": statements.write_statements(plan, document)})


def _published(plan: Plan, table: Table, counts: dict[str, Any], sums: dict[str, Any], check: float) -> dict[str, Any]:
    document: dict[str, Any] = {
        "code": table.code,
        "dimensions": list(table.dimensions),
        "measure": table.measure,
        "rho": table.rho,
    }
    if table.measure:
        return document | figures.of_means(plan, table, counts[table.code], sums[table.code])
    if not estimates.counted_once(table):
        return (
            document | figures.of_counts(plan, table, counts[table.code], budget.count_sigma(table)) | {"totals": []}
        )
    key = tuple(sorted(table.dimensions))
    found = estimates.estimate(plan, key, counts, check)
    values = _in_order(plan, table, key, found.values)
    cells = figures.of_counts(plan, table, values, found.noise)
    return document | cells | {"totals": _totals(plan, table, counts, check)}


def _in_order(plan: Plan, table: Table, key: estimates.Key, values: Any) -> Any:  # noqa: ANN401 - an array
    if key == table.dimensions:
        return values
    return values.reshape([len(plan.dimension(code).cells) + 1 for code in key]).T.reshape(-1)


def _totals(plan: Plan, table: Table, counts: dict[str, Any], check: float) -> list[dict[str, Any]]:
    """Return the totals of a table of two dimensions, over each of them."""
    if len(table.dimensions) == 1:
        return []
    found = []
    for axis, code in enumerate(table.dimensions):
        known = estimates.estimate(plan, (code,), counts, check)
        for index, value in enumerate(known.values):
            place = [index, None] if axis == 0 else [None, index]
            found.append(figures.count_cell(place, value, known.noise) | {"sigma": round(known.noise, 4)})
    return found
