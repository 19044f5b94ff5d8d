"""The interface of a connector to a holder's API.

Each API has one folder: `vault/holders/connectors/<code>/connector.py` defines `CONNECTOR`, an instance of a subclass
of `Connector`. docs/connectors.md explains how to add one. A connector has no access to vaults: it lists the calls
(`calls`) and interprets errors (`fault`); `vault/holders/actions/pulls.py` makes the calls, parses the answers in the
sandbox and writes the records.
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
    """A set of data that a resident may ask for. `types` are the record types received; any field may be missing."""

    code: str
    label: Text
    types: Sequence[str]
    hint: Text = ""


@dataclass(frozen=True)
class Question:
    """A question to the resident, needed by the holder beside the civil status. `pattern` is a regular expression."""

    name: str
    label: Text
    hint: Text
    pattern: str
    refusal: Text
    #: The field of the vault that answers the question, if its value is proven.
    known_as: str = ""


@dataclass(frozen=True)
class Offer:
    """A holder that the connector reaches. `code` is the Holder's code; `sent` says what the city sends it."""

    code: str
    name: Text
    why: Text
    datasets: Sequence[Dataset]
    sent: Text
    law: Text
    questions: Sequence[Question] = ()
    #: Where the resident finds the same data without the connection.
    by_hand: Text = ""

    def dataset(self, code: str) -> Dataset | None:
        return next((one for one in self.datasets if one.code == code), None)


@dataclass(frozen=True)
class Civil:
    """The resident's civil status given by the State (FranceConnect). Unknown parts of the birth date are “00”."""

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
    """A connection, decrypted for one pull.

    `kept`: what the agreement gave, such as meter numbers. `reached`: the day where each series stopped. `insee`: the
    town's code.
    """

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
        """Yield the first day and the end of each call that brings a series up to today.

        The oldest comes first, so that `reached` only grows.

        Args:
            series: its name in `reached`.
            back: how many days to ask for the first time.
            again: how many days to ask again, because the holder still corrects them.
            at_once: how many days one call may cover.
        """
        reached = self.reached.get(series)
        start = date.fromisoformat(reached) - timedelta(days=again) if reached else self.today - timedelta(days=back)
        while start < self.today:
            end = min(start + timedelta(days=at_once), self.today)
            yield start.isoformat(), end.isoformat()
            start = end


@dataclass(frozen=True)
class Call:
    """One HTTP call to the holder.

    `reached`: the series and the day reached once the answer is written, from which a stopped pull goes on. `looks`:
    the answer only identifies the person and is not written. `whole`: a fault ends the pull. `child`: the answer is
    about this child.
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
    """The number of calls that the holder allows the whole city in a time."""

    calls: int
    seconds: int


@dataclass(frozen=True)
class Granted:
    """The secrets that the resident's agreement on the holder's page gave, to seal unchanged."""

    kept: Mapping[str, Any]


class Connector:
    """An API. Subclasses set the attributes and `calls`; the other methods have common HTTP and OAuth defaults."""

    code: str
    #: The settings of the operator, by name, with what each is: CONNECTOR_<CODE>_<NAME>.
    settings: Mapping[str, str]
    offers: Sequence[Offer]
    quota = Quota(1000, 3600)
    #: The civil status is sent to the holder; the page shows the exact values.
    sends_identity = False
    #: The resident agrees on the holder's own page, which redirects back.
    agrees_there = False
    #: The resident may pass the answers on to a service. Those of an administration stay here (CRPA, L114-8).
    passes_on = False
    #: The holder sends lots by itself, for residents who gave it their code; `calls` is empty.
    pushes = False
    #: The maximum length of an agreement, in days.
    longest_days = 365
    #: An answer whose month is more than this many months ago is shown as old.
    stale_months = 6

    def authorise_url(self, config: Mapping[str, str], *, state: str, back: str, days: int) -> str:
        """Return the URL of the page where the resident agrees."""
        raise NotImplementedError

    def come_back(self, client: Client, config: Mapping[str, str], query: Mapping[str, str], *, back: str) -> Granted:
        """Return what the agreement gave, from the query that came back from the holder's page.

        Raises:
            Fault: the resident refused, or the holder does not confirm the agreement.
        """
        raise NotImplementedError

    def withdraw(self, client: Client, config: Mapping[str, str], kept: Mapping[str, Any]) -> bool:
        """Withdraw the agreement at the holder. Return False if its API cannot: the resident does it there."""
        return False

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of each call of a pull. Called again once if the holder answers 401."""
        return {}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        raise NotImplementedError

    def fault(self, heard: Heard) -> Fault | None:
        """Return the fault that an answer means for this API, or None to use `faults.of_status`."""
        return None

    def parse(self, heard: Heard) -> Any:  # noqa: ANN401 - a holder's JSON
        """Parse the answer to identify its person and its end.

        Raises:
            Fault: broken.
        """
        return heard.json()

    def joined(self, bodies: Sequence[bytes]) -> bytes | None:
        """Join answers of one dataset into one that its reader accepts; None if they must be parsed one at a time."""
        return None

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        """Return the full names of the people whom an answer is about; None if it does not say."""
        return None

    def over_on(self, call: Call, answer: Any) -> date | None:  # noqa: ANN401 - as above
        """Return the last day of the agreement, if the holder says it."""
        return None
