"""Examples with figures that official bodies published: our engine agrees, or the file says by how much and why.

Each example names its source and address, and what its household had to assume: a page tells less than a household
holds. Its month is one in which the page's figures were in force. Those of caf.fr are amounts that its simulator gave,
recorded by the tests of mes-aides.gouv.fr.
"""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from services.aids import benefits, reasons
from services.aids.engine import run as engine
from services.aids.household.from_json import read
from services.aids.reasons.common import Context
from tests.services.aids import people

EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "worked_examples.json").read_text("utf-8"))
CENT = 0.02
# The law has no value for these before 2021.
NEWER = {"pass_culture", "pass_sport", "mobili_jeune", "contrat_engagement_jeune", "visale_eligibilite"}
NEWER |= {"locapass_eligibilite", "crous_repas_un_euro_eligibilite"}
pytestmark = pytest.mark.slow


def name(example):
    return example["household"]["id"]


def month(example):
    return example["household"]["date"]


def run(examples):
    """Run the examples of one month. caf.fr's simulator was told, before 2021, that nothing is received yet."""
    with pytest.MonkeyPatch.context() as patch:
        old = month(examples[0]) < "2021"
        if old:
            patch.setattr(engine, "OUTPUTS", [output for output in engine.OUTPUTS if output[0] not in NEWER])
        return engine.run([read(example["household"]) for example in examples], steady=not old)


@pytest.fixture(scope="module")
def amounts():
    """Return the amount of each example by its name, after one run for each month."""
    found = {}
    for _, group in groupby(sorted(EXAMPLES, key=month), month):
        examples = list(group)
        done = run(examples)
        for row, example in enumerate(examples):
            found[name(example)] = reasons.amount_of(Context(done, row), benefits.BY_CODE[example["aid"]])
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_a_published_example_gives_its_amount_or_the_difference_that_is_explained(example, amounts):
    apart, _, why = example["difference"].partition(": ")
    assert bool(apart) == bool(why), "a difference is a number, then its reason"
    assert amounts[name(example)] == pytest.approx(example["expected"] + float(apart or 0), abs=CENT)


def test_each_example_names_its_source_and_a_sum_of_parts_is_its_amount():
    assert len({name(example) for example in EXAMPLES}) == len(EXAMPLES)
    for example in EXAMPLES:
        assert example["what"] and example["source"] and example["address"].startswith("https://")
        if "parts" in example:
            assert sum(example["parts"].values()) == pytest.approx(example["expected"], abs=CENT), name(example)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if month(one) >= "2025"], ids=name)
def test_an_example_of_the_law_in_force_rests_on_no_assumed_value_and_has_its_reason(example):
    found = people.computed(read(example["household"])).get(example["aid"])
    assert found.low == found.high and found.explanation.yes
