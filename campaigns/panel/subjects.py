"""What the city may refer to a panel: consultations, charters, requests for a label, labels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import User
from campaigns.panel.enums import Kind
from campaigns.panel.models import Referral
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from certification.labels import perms
from certification.labels.models import CharterVersion, Label, LabelRequest

#: A consultation without a frozen plan has nothing to read; what was given up needs no opinion.
NOT_CAMPAIGNS = (State.DRAFT, State.DROPPED, State.REFUSED)


@dataclass(frozen=True)
class Subject:
    """`content`: the text that no other page shows."""

    kind: Kind
    id: UUID
    title: str
    title_en: str
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.title_en if get_language() == "en" else self.title

    @property
    def value(self) -> str:
        return f"{self.kind.value}:{self.id}"


def of(agent: User) -> Iterator[Subject]:
    """Yield what this agent may refer. Labels and requests of a publisher that they are behind are not."""
    for campaign in Campaign.objects.exclude(state__in=NOT_CAMPAIGNS):
        yield Subject(Kind.CAMPAIGN, campaign.pk, campaign.title["fr"], campaign.title["en"])
    for charter in CharterVersion.objects.prefetch_related("criteria"):
        names = (f"Charte des services, version {charter.number}", f"Charter of services, version {charter.number}")
        yield Subject(Kind.CHARTER, charter.pk, *names, {} if charter.is_published else charter.as_json())
    requests = list(LabelRequest.objects.for_agents().open().select_related("service__publisher"))
    labels = list(Label.objects.listed().select_related("service__publisher"))
    services = [*(one.service for one in requests), *(one.service for one in labels)]
    behind = perms.find_behind(*{one.publisher_id for one in services})
    for request in requests:
        if agent.pk not in behind[request.service.publisher_id]:
            yield Subject(Kind.REQUEST, request.pk, request.service.name, request.service.name)
    for label in labels:
        if agent.pk not in behind[label.service.publisher_id]:
            yield Subject(Kind.LABEL, label.pk, label.service.name, label.service.name)


def find(agent: User, value: str) -> Subject | None:
    return next((one for one in of(agent) if one.value == value), None)


def address(referral: Referral) -> str:
    """Return the public page of what was referred; empty if it has none, as a request that is examined."""
    if referral.kind == Kind.CAMPAIGN:
        found = Campaign.objects.filter(pk=referral.subject_id).first()
        return reverse("plans:sheet", args=[found.code]) if found else ""
    if referral.kind == Kind.CHARTER:
        charter = CharterVersion.objects.published().filter(pk=referral.subject_id).first()
        return reverse("labels:charter_version", args=[charter.number]) if charter else ""
    label = Label.objects.filter(pk=referral.subject_id).first() if referral.kind == Kind.LABEL else None
    return reverse("labels:label", args=[label.number]) if label else ""
