"""The tour's steps, and its report of one line each."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request

import pytest

from accounts.models import User
from demo.tour import tour, watch
from demo.tour.visitor import Page, Unexpected, Visitor
from tests.accounts.factories import signed_in
from tests.services.watch import made

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


@pytest.mark.django_db
def test_a_second_tour_finds_that_the_watch_s_question_was_answered(
    monkeypatch: pytest.MonkeyPatch, resident: User
) -> None:
    """The page of the watch then lists the change as answered, beside those that ask nothing."""
    client = signed_in(resident)

    def send(_self: Visitor, request: Request) -> Page:
        path, sent = urlsplit(request.full_url).path, request.data
        form = "application/x-www-form-urlencoded"
        answer = client.get(path) if sent is None else client.post(path, sent, content_type=form, follow=True)
        return Page(request.full_url, answer.status_code, answer.content, "text/html")

    monkeypatch.setattr(Visitor, "_send", send)
    made.a_finding(resident)
    visitor = Visitor("http://127.0.0.1")
    assert "before" not in watch.answer_once(visitor)
    assert watch.answer_once(visitor).endswith("before: this is not the first tour")
