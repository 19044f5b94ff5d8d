"""A service's request to a resident, compared with its label: never more, and only while the label is in force."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from certification.access.details import Details
from certification.access.enums import Environment
from certification.access.models import Client
from certification.labels import levels
from certification.labels.actions import trials
from certification.labels.models import Label, PurposeVersion, Service
from certification.labels.recipient import label_for
from vault import types
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement, Item, PaperItem
from vault.records.models import Paper, PaperKind

#: Fields of these sorts, and papers marked so, are agreed on by somebody who has just shown who they are. The first
#: are the special categories of article 9 of the GDPR.
SPECIAL = {"health"}
SENSITIVE = SPECIAL | {"bank", "child", "identity", "location"}


class Why(StrEnum):
    """Why a service may not ask. The page says it, and stops."""

    NO_LABEL = "no_label"  # suspended, over, or none
    TOO_MUCH = "too_much"
    UNCLEAR = "unclear"  # no such purpose, or which one of several


class MayNotAsk(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Asked:
    """A request of a service: a purpose and, of its items, those that are needed or asked for.

    The purpose is one of its label. In the sandbox there may be no label yet, and then it is one of its request.
    """

    service: Service
    label: Label | None
    version: PurposeVersion
    agreement: Agreement
    items: tuple[Item, ...]
    papers: tuple[PaperItem, ...]

    @property
    def required(self) -> list[Item]:
        return [item for item in self.items if item.required]

    def shown_with(self, agreed: Collection[str | UUID]) -> Agreement:
        """Return the agreement with the items that the page shows: those asked for, and those agreed already."""
        asked = {item.code for item in self.items}
        items = tuple(item for item in self.agreement.items if item.code in asked or item.code in agreed)
        return replace(self.agreement, items=items)

    def is_special(self, agreed: Collection[str | UUID] = ()) -> bool:
        return any(types.field(field).sensitivity in SPECIAL for field in self._fields_with(agreed))

    def is_sensitive(self, agreed: Collection[str | UUID] = ()) -> bool:
        """Return whether who agrees confirms who they are first: also for what is agreed already, and goes on.

        Call it in the resident's scope.
        """
        kinds = {paper.kind for paper in self.papers} | {
            *Paper.objects.filter(pk__in=[one for one in agreed if isinstance(one, UUID)]).values_list(
                "kind", flat=True
            )
        }
        sensitive = any(types.field(field).sensitivity in SENSITIVE for field in self._fields_with(agreed))
        return sensitive or any(kind.sensitive for kind in PaperKind.objects.filter(code__in=kinds))

    @property
    def is_ordinary(self) -> bool:
        """Return whether nothing that is asked for is delicate."""
        fields = [field for item in self.items for field in item.fields]
        return levels.are_ordinary(fields, [paper.kind for paper in self.papers])

    def _fields_with(self, agreed: Collection[str | UUID]) -> list[str]:
        return [field for item in self.shown_with(agreed).items for field in item.fields]


def asked_by(client: Client, details: Details) -> Asked:
    """Return what a client asks a resident.

    Raises:
        MayNotAsk
        Forged: the portal did not write the label or the purpose.
    """
    trial = client.environment == Environment.TEST
    version = _tried(client.service, details) if trial else _version(client.service, details)
    label = label_for(client.service_id, version.pk)
    if label is None and not trial:
        has_one = Label.objects.in_force().filter(service=client.service_id).exists()
        raise MayNotAsk(Why.TOO_MUCH if has_one else Why.NO_LABEL)
    agreement = agreements.get(version.agreement)
    known = {field for item in agreement.items for field in item.fields}
    kinds = {paper.kind for paper in agreement.papers}
    if not (set(details.fields or ()) <= known and set(details.papers or ()) <= kinds):
        raise MayNotAsk(Why.TOO_MUCH)
    fields = known if details.fields is None else set(details.fields)
    kinds = kinds if details.papers is None else set(details.papers)
    items = tuple(item for item in agreement.items if item.required or fields.intersection(item.fields))
    papers = tuple(paper for paper in agreement.papers if paper.required or paper.kind in kinds)
    return Asked(client.service, label, version, agreement, items, papers)


def _version(service: Service, details: Details) -> PurposeVersion:
    """Return the purpose that is asked for, which may no longer be under a label in force."""
    own = PurposeVersion.objects.filter(service=service)
    if details.purpose is not None:
        found = own.filter(pk=details.purpose).first()
        if found is None:
            raise MayNotAsk(Why.UNCLEAR)
        return found
    in_force = Label.objects.in_force().filter(service=service).values("pk")
    allowed = list(own.filter(labels__label__in=in_force).distinct()[:2])
    if not allowed:
        raise MayNotAsk(Why.NO_LABEL)
    if len(allowed) > 1:
        raise MayNotAsk(Why.UNCLEAR)
    return allowed[0]


def _tried(service: Service, details: Details) -> PurposeVersion:
    """Return the purpose that a test client asks a persona for: as its request for a label describes it, or its label.

    It is named by its id in the request, or in the register.
    """
    drafts = trials.purposes_of(service)
    if details.purpose is not None:
        drafts = [one for one in drafts if one.pk == details.purpose]
    if not drafts:
        return _version(service, details)
    if len(drafts) > 1:
        raise MayNotAsk(Why.UNCLEAR)
    return trials.version_of(drafts[0])
