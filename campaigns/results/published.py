"""Publications as they are read: the frozen document, its plan, the row that was signed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from campaigns.contributions import freezing
from campaigns.contributions.models import Publication
from campaigns.noise.plan import Plan, Table
from campaigns.noise.publication import PUBLISHED
from campaigns.noise.statements import write_statements
from campaigns.plans.models import Campaign
from campaigns.plans.states import BEGUN
from core import canonical

Cell = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """One publication of a consultation."""

    row: Publication
    plan: Plan
    plan_document: Mapping[str, Any]

    @cached_property
    def document(self) -> Mapping[str, Any]:
        document: Mapping[str, Any] = canonical.decode(self.row.document.encode())
        return document

    @cached_property
    def statements(self) -> Mapping[str, Any]:
        """What it states of its privacy: frozen with it, but for a document of version 1."""
        frozen: Mapping[str, Any] | None = self.document.get("statements")
        return frozen or write_statements(self.plan, self.document)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of privacy that every file repeats."""
        return {**self.statements["privacy"], "publication_sha256": self.sha256}

    @property
    def window(self) -> str:
        return str(self.row.window)

    @property
    def sha256(self) -> str:
        return str(self.row.sha256)

    @property
    def has_figures(self) -> bool:
        return bool(self.document["outcome"] == PUBLISHED)

    @property
    def tables(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.document["tables"]
        return found

    def table(self, code: str) -> Mapping[str, Any] | None:
        return next((one for one in self.tables if one["code"] == code), None)

    def planned(self, table: Mapping[str, Any]) -> Table:
        return self.plan.table(table["code"])

    def labels(self, table: Mapping[str, Any], cell: Cell, language: str, not_given: str) -> list[str]:
        """Return the words of a cell's place: one for each dimension. The last cell of each is “not given”."""
        found = []
        for code, index in zip(table["dimensions"], cell["at"], strict=True):
            cells = self.plan.dimension(code).cells
            found.append(cells[index].label.in_language(language) if index < len(cells) else not_given)
        return found

    def codes(self, table: Mapping[str, Any], cell: Cell) -> list[str]:
        """Return the codes of a cell's place, "_" for “not given”."""
        found = []
        for code, index in zip(table["dimensions"], cell["at"], strict=True):
            cells = self.plan.dimension(code).cells
            found.append(cells[index].code if index < len(cells) else "_")
        return found


def campaign(code: str) -> Campaign | None:
    """Return a consultation that has opened. Before, its plan is in the register and nothing can be published."""
    return Campaign.objects.filter(code=code, state__in=BEGUN).first()


def all_of(campaign: Campaign) -> list[Published]:
    """Return the publications of a consultation that the portal signed, oldest first."""
    found = Publication.objects.filter(campaign_id=campaign.pk).order_by("published_on", "window")
    return [Published(row, campaign.plan, campaign.document) for row in freezing.believed(found)]


def with_figures(campaign: Campaign) -> list[Published]:
    return [one for one in all_of(campaign) if one.has_figures]


def shown_cells(table: Mapping[str, Any]) -> Iterator[Cell]:
    yield from (cell for cell in table["cells"] if cell["shown"])


def hidden(table: Mapping[str, Any]) -> int:
    return sum(not cell["shown"] for cell in table["cells"])
