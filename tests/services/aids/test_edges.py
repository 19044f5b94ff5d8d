"""Households on each side of a line of the law, with the article: what each gets is worked from the text, not from us.

`edges/open` has those that we know we compute otherwise, each with the reason why it is so still.
"""

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from services.aids.benefits import ALL
from services.aids.engine import run as engine
from services.aids.household.from_json import read
from services.aids.reasons import CRDS
from services.aids.reasons.common import Context

pytestmark = pytest.mark.slow
EDGES = Path(__file__).with_name("edges")
OPEN = EDGES / "open"
FILES = sorted(str(path.relative_to(EDGES)) for path in EDGES.rglob("*.json"))
#: Euros by which an engine of single precision is off, and a sum that is rounded at each step.
OFF = 0.02
#: Benefits that are shown after the CRDS, as they are paid.
TAXED = {name for benefit in ALL if benefit.taxed for name in benefit.variables}


def edge(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EDGES / name).read_text())
    return document


@cache
def amounts() -> dict[str, dict[str, float]]:
    """Return what each household gets, after one run for each month."""
    of_month = defaultdict(list)
    for name in FILES:
        of_month[edge(name)["case"]["date"]].append(name)
    found: dict[str, dict[str, float]] = {}
    for names in of_month.values():
        run = engine.run([read(edge(name)["case"]) for name in names])
        found |= dict(zip(names, after_tax(run), strict=True))
    return found


def after_tax(run: engine.Run) -> list[dict[str, float]]:
    """Return the amounts of each row as they are paid, after the CRDS."""
    kept = 1 - Context(run, 0).parameter(CRDS)
    return [
        {key: round(float(value) * (kept if key in TAXED else 1), 2) for key, value in amounts.items()}
        for amounts in run.steady
    ]


def is_as(due: dict[str, float | bool], got: dict[str, float]) -> bool:
    """Return whether amounts are those of the law; true and false say only whether an aid is due."""
    return all(
        (got[key] > 0) == value if isinstance(value, bool) else got[key] == pytest.approx(value, abs=OFF)
        for key, value in due.items()
    )


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("open/")])
def test_the_household_gets_what_the_law_gives(name):
    document = edge(name)
    got = amounts()[name]
    assert is_as(document["law"], got), {key: got[key] for key in document["law"]}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("open/")])
def test_what_is_open_is_open_still_and_says_why(name):
    document = edge(name)
    assert document["doubt"]
    assert not is_as(document["law"], amounts()[name]), "it is as the law: move it out of open/"


def test_each_file_names_its_rule_its_article_and_how_that_was_read():
    for name in FILES:
        document = edge(name)
        assert document["article"] and document["rule"], name
        assert document["read"] in {"the text", "a summary", "knowledge"}, name


def test_most_lines_have_a_household_on_each_side():
    lines = defaultdict(set)
    for name in FILES:
        rule, _underscore, side = name.removeprefix("open/").removesuffix(".json").rpartition("_")
        lines[rule].add(side)
    assert {side for sides in lines.values() for side in sides} == {"inside", "outside"}
    assert sum(len(sides) == 2 for sides in lines.values()) >= 60
