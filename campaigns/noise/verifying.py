"""Verify a publication from its document and its plan alone: budget, noise, thresholds, rounding, hidden cells."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from campaigns.noise import budget, estimates
from campaigns.noise.plan import Plan, Table
from campaigns.noise.publication import FORMER, POSTPONED, PUBLISHED, TOO_FEW, VERSION, Publication
from campaigns.noise.refusals import CHECK_RHO

#: Figures of the document have four digits after the point.
CLOSE = 6e-5


def problems(publication: Publication, plan: Plan, before: Publication | None = None) -> list[str]:
    """Return what is wrong with a publication, in English, or an empty list.

    Args:
        before: the publication that it says came before it.
    """
    document = publication.document
    try:
        return [*_of_document(document, plan, before), *_of_tables(document, plan)]
    except (KeyError, TypeError, ValueError, StopIteration, AttributeError) as error:
        return [f"the document is not of the shape of a publication: {type(error).__name__}"]


def chain_problems(publications: Sequence[Publication], plan: Plan) -> list[str]:
    """Verify all publications of a consultation, oldest first: each names the one before."""
    found = []
    for number, publication in enumerate(publications):
        before = publications[number - 1] if number else None
        if not number and publication.document.get("previous_sha256"):
            found.append("the first publication names one before it")
        found += [f"publication {number + 1}: {one}" for one in problems(publication, plan, before)]
    spent = [one.document["window"] for one in publications]
    if len(set(spent)) != len(spent):
        found.append("a window was published twice")
    return found


def _of_document(document: Mapping[str, Any], plan: Plan, before: Publication | None) -> Iterator[str]:
    if document["version"] not in {VERSION, FORMER}:
        yield f"version is {document['version']!r} instead of {VERSION!r}"
    known = {"campaign": plan.code, "plan_sha256": plan.sha256, "delta": budget.DELTA}
    for name, value in known.items():
        if document[name] != value:
            yield f"{name} is {document[name]!r} instead of {value!r}"
    window = plan.window(document["window"])
    if document["date"] < window.release.isoformat():
        yield "it was published before its window"
    if before is not None and document["previous_sha256"] != before.sha256:
        yield "it names another publication before it"
    if document["outcome"] not in {PUBLISHED, TOO_FEW if window.is_last else POSTPONED}:
        yield f"the outcome {document['outcome']!r} is not one of this window"
    rho = math.fsum([CHECK_RHO, *(table.rho for table in plan.tables)])
    rho = rho if document["outcome"] == PUBLISHED else CHECK_RHO
    if not math.isclose(document["rho"], rho, abs_tol=1e-9):
        yield f"rho is {document['rho']} instead of {rho}"
    if not math.isclose(document["epsilon_at_delta"], budget.epsilon(rho), rel_tol=1e-3):
        yield f"epsilon is {document['epsilon_at_delta']} instead of {budget.epsilon(rho):.4f}"
    noise = estimates.noise_of(plan, ()) if document["outcome"] == PUBLISHED else budget.check_sigma()
    if abs(document["noisy_n"]["sigma"] - noise) > CLOSE or document["noisy_n"]["value"] % budget.rounding(noise):
        yield "the number of contributions has another noise or rounding"


def _of_tables(document: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    published = [table["code"] for table in document["tables"]]
    due = [table.code for table in plan.tables] if document["outcome"] == PUBLISHED else []
    if published != due:
        yield f"the tables are {published} instead of {due}"
        return
    for one in document["tables"]:
        yield from (f"{one['code']}: {problem}" for problem in _of_table(one, plan, plan.table(one["code"])))


def _of_table(document: Mapping[str, Any], plan: Plan, table: Table) -> Iterator[str]:
    noise = budget.count_sigma(table)
    if estimates.counted_once(table):
        noise = estimates.noise_of(plan, tuple(sorted(table.dimensions)))
    least, rounding = budget.threshold(noise), budget.rounding(noise)
    due: dict[str, Any] = {"dimensions": [*table.dimensions], "measure": table.measure, "rho": table.rho}
    due |= {"threshold": least, "rounding": rounding}
    for name, value in due.items():
        if document[name] != value:
            yield f"{name} is {document[name]!r} instead of {value!r}"
    if abs(document["sigma"] - noise) > CLOSE:
        yield f"sigma is {document['sigma']} instead of {noise:.4f}"
    if table.measure and abs(document["sum_sigma"] - budget.sum_sigma(plan, table)) > CLOSE:
        yield "the noise of the sums is another one"
    if [cell["at"] for cell in document["cells"]] != [[*place] for place in plan.places(table)]:
        yield "the cells are others than the plan's"
    for cell in document["cells"]:
        yield from _of_cell(cell, table, least, rounding)
    for cell in document["totals"]:
        key = tuple(code for code, index in zip(table.dimensions, cell["at"], strict=True) if index is not None)
        noise = estimates.noise_of(plan, key)
        if abs(cell["sigma"] - noise) > CLOSE:
            yield f"the total at {cell['at']} has another noise"
        told_cell = {name: value for name, value in cell.items() if name != "sigma"}
        yield from _of_count(told_cell, budget.threshold(noise), budget.rounding(noise))


def _of_cell(cell: Mapping[str, Any], table: Table, least: int, rounding: int) -> Iterator[str]:
    if not table.measure or not cell["shown"]:
        yield from _of_count(cell, least, rounding)
        return
    yield from _of_count({"at": cell["at"], "shown": True} | cell["count"], least, rounding)
    digits = cell["value"] / cell["rounding"]
    if abs(digits - round(digits)) > 1e-6 or cell["rounding"] * 5 < (cell["high"] - cell["low"]) / 4:
        yield f"the mean at {cell['at']} has more digits than are known"


def _of_count(cell: Mapping[str, Any], least: int, rounding: int) -> Iterator[str]:
    if not cell["shown"]:
        if set(cell) != {"at", "shown"}:
            yield f"the hidden cell at {cell['at']} has a figure"
        return
    if set(cell) != {"at", "shown", "value", "low", "high"}:
        yield f"the cell at {cell['at']} has other fields"
    if cell["value"] % rounding:
        yield f"the value at {cell['at']} is not rounded to {rounding}"
    if cell["value"] < least - rounding / 2:
        yield f"the value at {cell['at']} is shown below the threshold"
    if not cell["low"] <= cell["value"] <= cell["high"]:
        yield f"the value at {cell['at']} is outside its interval"
