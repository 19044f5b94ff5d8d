"""The tour's steps, and its report of one line each."""

from pathlib import Path

import pytest

from demo.tour import tour
from demo.tour.visitor import Unexpected, Visitor

PROMISED = [
    "Take stock without an account",
    "Sign in",
    "Upload a tax notice",
    "Confirm its values",
    "Values in the vault",
    "Simulate the aids",
    "Read why",
    "Prepare a dossier",
    "Build the dossier",
    "Download it",
    "Verify its seal",
    "A request sent, corrected and decided",
    "A right that the watch found",
    "Add a bank file",
    "Write a letter",
    "A link shared and stopped",
    "Two connectors pulled",
    "Four holders send lots",
    "A service used and stopped",
    "A companion's appointment",
    "A consultation joined, left and verified",
    "Leave with everything",
    "Verify the journal",
    "Come in with FranceConnect",
]


def test_the_tour_has_the_expected_steps() -> None:
    steps = [name for name, _step in tour.Tour(Visitor("http://127.0.0.1:1"), Path()).steps()]
    assert steps == PROMISED


def test_a_failed_step_is_reported_and_ends_the_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: tour.Tour) -> str:
        raise Unexpected("/faire-le-point/: 503")

    monkeypatch.setattr(tour.Tour, "take_stock", refuse)
    output: list[str] = []
    assert not tour.walk("http://127.0.0.1:1", Path(), output.append)
    assert output == ["FAILED Take stock without an account: /faire-le-point/: 503"]
