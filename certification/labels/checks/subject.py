"""What a check looks at, and what it finds."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from django.utils import timezone

from certification.labels.checks.html import Html
from certification.labels.checks.sentences import SENTENCES
from certification.labels.models import Answer, LabelRequest, Purpose
from core.outgoing import Answer as HttpAnswer
from core.outgoing import Client, NoAnswer, Refused
from vault.records.enums import Outcome

#: Redirections of a publisher's page, each checked as an address of its own.
HOPS = 3
#: The other side's fault for certain, and not a passing one.
LASTING = frozenset({"certificate", "expired", "too_long", "redirect", "broken"})

Details = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True)
class Found:
    """The outcome of a check, the sentence that says it, and what the sentence names."""

    outcome: Outcome
    code: str
    details: Details = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in SENTENCES:
            raise ValueError(self.code)


def passed(code: str, **details: str | int | Sequence[str]) -> Found:
    return Found(Outcome.PASSED, code, details)


def failed(code: str, **details: str | int | Sequence[str]) -> Found:
    return Found(Outcome.FAILED, code, details)


def unsure(code: str, **details: str | int | Sequence[str]) -> Found:
    return Found(Outcome.INCONCLUSIVE, code, details)


class NotLooked(Exception):
    """The page or the address could not be looked at; `found` says why."""

    def __init__(self, found: Found) -> None:
        super().__init__(found.code)
        self.found = found


@dataclass
class Subject:
    """A request and its service, with the pages that were fetched for it: each once.

    Attributes:
        signal_url, signal_secret: where the service receives signals.
        contact_confirmed: whether somebody who reads the mail of the contact for data confirmed it.
        until: when no more is fetched, on the monotonic clock, so that a slow site does not keep a worker.
        baseline: what C09 found when the label was decided: the hash of the policy's text.
    """

    request: LabelRequest
    client: Client = field(default_factory=Client)
    signal_url: str = ""
    signal_secret: bytes = b""
    contact_confirmed: datetime | None = None
    baseline: str = ""
    now: datetime = field(default_factory=timezone.now)
    until: float = math.inf
    _pages: dict[str, HttpAnswer | NoAnswer] = field(default_factory=dict)
    _purposes: list[Purpose] | None = None
    _answers: dict[str, Answer] | None = None

    @property
    def purposes(self) -> list[Purpose]:
        if self._purposes is None:
            self._purposes = list(self.request.purposes.prefetch_related("fields", "papers"))
        return self._purposes

    def proof_url(self, code: str) -> str:
        """Return the address that the publisher gave as the proof of a criterion."""
        if self._answers is None:
            self._answers = {one.criterion.code: one for one in self.request.answers.select_related("criterion")}
        said = self._answers.get(code)
        return said.proof_url if said else ""

    def call(self, url: str) -> HttpAnswer:
        """Fetch an address.

        Raises:
            NoAnswer
        """
        if url not in self._pages:
            if time.monotonic() > self.until:
                raise NoAnswer("slow")
            try:
                self._pages[url] = self.client.get(url, hops=HOPS)
            except NoAnswer as problem:
                self._pages[url] = problem
        found = self._pages[url]
        if isinstance(found, NoAnswer):
            raise found
        return found

    def page(self, url: str) -> HttpAnswer:
        """Fetch a page that must be there.

        Raises:
            NotLooked
        """
        try:
            answer = self.call(url)
        except NoAnswer as problem:
            raise NotLooked(unanswered(problem, url)) from None
        if answer.status >= 500 or answer.status == 429:
            raise NotLooked(unsure("page_busy", url=url, status=answer.status))
        if answer.status != 200:
            raise NotLooked(failed("page_gone", url=url, status=answer.status))
        return answer

    def html(self, url: str) -> tuple[HttpAnswer, Html]:
        """Fetch a page of HTML; raises as `page`."""
        answer = self.page(url)
        if answer.media_type not in {"text/html", "application/xhtml+xml"}:
            raise NotLooked(failed("not_html", url=url, type=answer.media_type or "–"))
        return answer, Html.of(answer.text, answer.url)


Check = Callable[[Subject], Found]


def unanswered(problem: NoAnswer, url: str) -> Found:
    """Say why an address gave nothing. What may be a passing fault, or one of ours, is not held against it."""
    if isinstance(problem, Refused):
        return failed(f"refused_{problem.code}", url=url)
    if problem.code in LASTING:
        return failed(f"answer_{problem.code}", url=url)
    return unsure(f"answer_{problem.code}", url=url)


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
