"""Queries across residents: how many of them show something to each service, and the complaints that agents answer.

No page has the number itself (`presenting/registry.py` rounds it), and no row is opened here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, F, Q, prefetch_related_objects
from django_scopes import scopes_disabled

from accounts.models import User
from certification.labels.enums import SERVICE_KIND
from certification.labels.models import Complaint
from core import rows
from vault.records.enums import Happened
from vault.records.models import Grant, GrantEvent
from vault.sharing.models import ErasureRequest

#: Seconds. A figure that followed each agreement would tell when one was made.
KEPT = 3600


def residents_by_service() -> dict[UUID, int]:
    """Return the number of residents with an active agreement, by service, as it was within the last hour.

    Cost: one row of the cache, and each hour one query over the grants to services.
    """
    found: dict[str, int] = cache.get_or_set("labels_residents", _as_json, KEPT) or {}
    return {UUID(service_id): residents for service_id, residents in found.items()}


@dataclass(frozen=True)
class Trial:
    """What a program did with the agreement of a persona who refused everything optional."""

    read: bool
    given_back: bool


def minimal_trial(agreement: str, fields: Collection[str], kinds: Collection[str]) -> Trial | None:
    """Return the last trial of a purpose by a persona who agreed to these fields and kinds of papers alone, or None.

    No resident's row is looked at.

    Raises:
        Forged: an event of the trial is not what the portal wrote.
    """
    with scopes_disabled():
        personas = User.objects.filter(is_persona=True).values("pk")
        tried = Grant.objects.filter(agreement=agreement, resident_id__in=personas).order_by("-starts_at")
        for grant in tried.prefetch_related("fields", "papers__paper", "writes", "readings", "events"):
            lines = {one.field for one in grant.fields.all()}
            papers = {one.paper.kind for one in grant.papers.all()}
            if lines == {*fields} and papers <= {*kinds} and not grant.writes.all():
                rows.check(*grant.events.all())
                happened = [one.happened for one in grant.events.all()]
                return Trial(bool(grant.readings.all()), Happened.RETURNED in happened)
    return None


def erasures_due(service_id: UUID, now: datetime) -> tuple[int, int]:
    """Return how many requests to erase of a service were due, and how many of them it did not answer in time."""
    with scopes_disabled():
        to_it = ErasureRequest.objects.filter(grant__recipient_kind=SERVICE_KIND, grant__recipient_id=service_id)
        due = to_it.exclude(resident_id__in=User.objects.filter(is_persona=True).values("pk")).filter(due_at__lt=now)
        late = due.filter(Q(answered_at=None) | Q(answered_at__gt=F("due_at")))
        return due.count(), late.count()


def active_for(services: Collection[UUID]) -> list[Grant]:
    """Return the residents' active grants to these services, without those of personas."""
    with scopes_disabled():
        active = Grant.objects.active().filter(recipient_kind=SERVICE_KIND, recipient_id__in=list(services))
        return list(active.exclude(resident_id__in=User.objects.filter(is_persona=True).values("pk")))


def given_before(services: Mapping[UUID, datetime]) -> list[Grant]:
    """Return residents' grants to each of these services that stand and began before a moment, without personas'."""
    before = Q(pk__in=[])
    for service_id, at in services.items():
        before |= Q(recipient_id=service_id, starts_at__lte=at)
    with scopes_disabled():
        standing = Grant.objects.standing().filter(before, recipient_kind=SERVICE_KIND)
        return list(standing.exclude(resident_id__in=User.objects.filter(is_persona=True).values("pk")))


def revoked_since(moment: datetime, services: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Return each of these services with the residents whose grants to it the city ended since."""
    with scopes_disabled():
        ended = GrantEvent.objects.filter(happened=Happened.REVOKED, at__gt=moment).order_by()
        to_it = ended.filter(grant__recipient_kind=SERVICE_KIND, grant__recipient_id__in=list(services))
        return list(to_it.values_list("grant__recipient_id", "resident_id").distinct())


def _as_json() -> dict[str, int]:
    return {str(service_id): residents for service_id, residents in _count().items()}


def _count() -> dict[UUID, int]:
    with scopes_disabled():
        to_services = Grant.objects.active().filter(recipient_kind=SERVICE_KIND).order_by()
        real = to_services.exclude(resident_id__in=User.objects.filter(is_persona=True).values("pk"))
        found = real.values("recipient_id").annotate(residents=Count("resident_id", distinct=True))
        return {row["recipient_id"]: row["residents"] for row in found}


def open_complaints() -> list[Complaint]:
    """Return the complaints that wait for an answer, oldest first, for the agents' list.

    One that nobody of us wrote is left out.
    """
    with scopes_disabled():
        found = Complaint.objects.open().order_by("created_at").defer("content")
        believed = rows.believed(found)
        prefetch_related_objects(believed, "service__publisher")
        return believed


def complaint(complaint_id: UUID) -> Complaint | None:
    with scopes_disabled():
        return Complaint.objects.filter(pk=complaint_id).select_related("service__publisher").first()


def answers_to_tell() -> list[Complaint]:
    """Return each answered complaint that its resident was not told of. One that nobody of us wrote is left out."""
    with scopes_disabled():
        return rows.believed(Complaint.objects.filter(answered_at__isnull=False, told_at=None))
