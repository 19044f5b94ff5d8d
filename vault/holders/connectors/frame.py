"""What a connector is: whom it can ask, for what, on whose agreement, and in which calls.

One folder per API: `vault/holders/connectors/<code>/connector.py` with `CONNECTOR`, an instance of a subclass of `Connector`. docs/connectors.md
tells how to add one. A connector knows nothing of vaults: it says what to ask (`calls`) and how to understand a refusal (`fault`); the
verbs of `vault/holders/actions/connections.py` ask, read in the limited child, and write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from vault.holders.connectors.faults import Fault
from vault.holders.connectors.http import Client, Heard

Text = str | Promise


@dataclass(frozen=True)
class Dataset:
    """What a resident may ask for, on its own. `types` are those that come out; any of their fields may be missing from an answer."""

    code: str
    label: Text
    types: Sequence[str]
    hint: Text = ""


@dataclass(frozen=True)
class Question:
    """What the holder needs beside the civil status, and only the resident knows. `pattern` is what it must look like."""

    name: str
    label: Text
    hint: Text
    pattern: str
    refusal: Text
    #: A field of the vault that answers it, when a proof stands behind it.
    known_as: str = ""


@dataclass(frozen=True)
class Offer:
    """A holder that the connector reaches. `code` is the holder's, as everywhere; `shown` says what the city sends to be understood."""

    code: str
    name: Text
    why: Text
    datasets: Sequence[Dataset]
    sent: Text
    law: Text
    questions: Sequence[Question] = ()
    #: Where the resident finds the same by hand: the path that always stays.
    by_hand: Text = ""

    def dataset(self, code: str) -> Dataset | None:
        return next((one for one in self.datasets if one.code == code), None)


@dataclass(frozen=True)
class Civil:
    """Who the resident is, as the State says it (FranceConnect). Parts of the birth date may be unknown: 00."""

    family_name: str
    given_names: Sequence[str]
    birthdate: str
    gender: str = ""
    usage_name: str = ""
    birthplace: str = ""
    birthcountry: str = ""

    @property
    def born(self) -> tuple[str, str, str]:
        year, month, day = (*self.birthdate.split("-"), "00", "00")[:3]
        return year, month, day


@dataclass(frozen=True)
class Child:
    id: UUID
    civil: Civil


@dataclass(frozen=True)
class Link:
    """A resident's link to a holder, opened for one pull. `kept` is what the agreement gave: meters, a number; `reached` where each
    dataset stopped; `insee` the town's code."""

    offer: Offer
    datasets: Sequence[str]
    person: Civil
    today: date
    children: Sequence[Child] = ()
    insee: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)

    def asks(self, dataset: str) -> bool:
        return dataset in self.datasets

    def periods(self, series: str, *, back: int, again: int, at_once: int) -> Iterator[tuple[str, str]]:
        """Yield the first day and the end of each call that brings a series up to today: oldest first, so that `reached` only grows.

        Args:
            series: its name in `reached`.
            back: days, for the first time.
            again: days already asked, that the holder still corrects.
            at_once: days that a call may cover.
        """
        reached = self.reached.get(series)
        start = date.fromisoformat(reached) - timedelta(days=again) if reached else self.today - timedelta(days=back)
        while start < self.today:
            end = min(start + timedelta(days=at_once), self.today)
            yield start.isoformat(), end.isoformat()
            start = end


@dataclass(frozen=True)
class Call:
    """One question to the holder.

    `reached` is where it stands once its answer is kept (a name and a day), so that a pull which stops goes on from there. `looks` only
    checks whose file it is: its answer is not kept. `whole`: refused, nothing else is asked. `child`: the answer is about that child.
    """

    dataset: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    reached: tuple[str, str] | None = None
    looks: bool = False
    whole: bool = False
    child: UUID | None = None
    method: str = "GET"
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Quota:
    """What the holder lets the whole city ask."""

    calls: int
    seconds: int


@dataclass(frozen=True)
class Granted:
    """What a resident's agreement on the holder's own page gave: sealed as it is."""

    kept: Mapping[str, Any]


class Connector:
    """An API. Subclasses fill in the attributes and `calls`; the rest has the common behaviour of HTTP and OAuth."""

    code: str
    #: What an operator must set, name -> what it is: CONNECTOR_<CODE>_<NAME>.
    settings: Mapping[str, str]
    offers: Sequence[Offer]
    quota = Quota(1000, 3600)
    #: The civil status is what the holder looks for; the page shows the very values that leave.
    sends_identity = False
    #: The resident agrees on the holder's own page, and comes back from it.
    agrees_there = False
    #: How long an agreement lasts at most.
    longest_days = 365
    #: A holder's answer older than this many months is told as old.
    stale_months = 6

    def authorise_url(self, config: Mapping[str, str], *, state: str, back: str, days: int) -> str:
        """Where the resident agrees."""
        raise NotImplementedError

    def come_back(self, client: Client, config: Mapping[str, str], query: Mapping[str, str], *, back: str) -> Granted:
        """
        Raises:
            Fault: the holder refused, or the answer is not one of its own.
        """
        raise NotImplementedError

    def withdraw(self, client: Client, config: Mapping[str, str], kept: Mapping[str, Any]) -> bool:
        """Take the agreement back at the holder. False: its API cannot; the resident does it there."""
        return False

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        """Sent with each call of a pull; asked again once when the holder says that it is over."""
        return {}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        raise NotImplementedError

    def fault(self, heard: Heard) -> Fault | None:
        """What a status means here, beyond `faults.of_status`."""
        return None

    def parse(self, heard: Heard) -> Any:  # noqa: ANN401 - a holder's JSON
        """
        Raises:
            Fault: broken.
        """
        return heard.json()

    def joined(self, bodies: Sequence[bytes]) -> bytes | None:
        """Several answers of one dataset as one that its reader takes, to be read and kept together; None: one at a time."""
        return None

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        """The full names of those that an answer is about; None: it does not say."""
        return None

    def over_on(self, call: Call, answer: Any) -> date | None:  # noqa: ANN401 - as above
        """Until when the holder says that the agreement lasts."""
        return None
