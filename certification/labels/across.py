"""Queries across residents: how many of them show something to each service, and the complaints that agents answer.

No page has the number itself (`presenting/registry.py` rounds it), and no row is opened here.
"""

from uuid import UUID

from django.core.cache import cache
from django.db.models import Count
from django_scopes import scopes_disabled

from accounts.models import User
from certification.labels.enums import SERVICE_KIND
from certification.labels.models import Complaint
from vault.records.models import Grant

#: Seconds. A figure that followed each agreement would tell when one was made.
KEPT = 3600


def residents_by_service() -> dict[UUID, int]:
    """Return the number of residents with an active agreement, by service, as it was within the last hour.

    Cost: one row of the cache, and each hour one query over the grants to services.
    """
    found: dict[UUID, int] = cache.get_or_set("labels_residents", _count, KEPT) or {}
    return found


def _count() -> dict[UUID, int]:
    with scopes_disabled():
        to_services = Grant.objects.active().filter(recipient_kind=SERVICE_KIND).order_by()
        real = to_services.exclude(resident_id__in=User.objects.filter(is_persona=True).values("pk"))
        rows = real.values("recipient_id").annotate(residents=Count("resident_id", distinct=True))
        return {row["recipient_id"]: row["residents"] for row in rows}


def open_complaints() -> list[Complaint]:
    """Return the complaints that wait for an answer, oldest first, for the agents' list."""
    with scopes_disabled():
        found = Complaint.objects.open().select_related("service__publisher").order_by("created_at")
        return list(found.defer("content"))


def complaint(complaint_id: UUID) -> Complaint | None:
    with scopes_disabled():
        return Complaint.objects.filter(pk=complaint_id).select_related("service__publisher").first()


def answers_to_tell() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each answered complaint that its resident was not told of."""
    with scopes_disabled():
        answered = Complaint.objects.filter(answered_at__isnull=False, told_at=None)
        return list(answered.values_list("pk", "resident_id"))
