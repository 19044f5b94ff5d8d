"""Examples with figures that official bodies published: our engine agrees, or the file says by how much and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.aids.household_json import read
from tests.services.aids import people

EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "worked_examples.json").read_text("utf-8"))
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["household"]["id"])
def test_a_published_example_gives_its_amount_or_the_difference_that_is_explained(example):
    assert example["source"] and sum(example["parts"].values()) == pytest.approx(example["expected"], abs=0.02)
    found = people.computed(read(example["household"])).get(example["aid"])
    apart = float(example["difference"].partition(":")[0]) if example["difference"] else 0.0
    assert found.amount == pytest.approx(example["expected"] + apart, abs=0.02)
    assert found.low == found.high and found.explanation.yes, "it rests on no assumed value, and has its reason"
