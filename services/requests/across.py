"""Queries across residents for requests: an office's own list, and what the scheduler does.

They read rows only: neither the list nor a search has anything of what was sent. Opening one goes through the gate.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django_scopes import scopes_disabled

from services.requests.enums import State
from services.requests.models import Correction, SentRequest

#: How long before the end of what was granted its renewal is reminded.
RENEWAL = timedelta(days=30)
Key = tuple[UUID, UUID]


def by_id(request_id: UUID) -> SentRequest | None:
    with scopes_disabled():
        return SentRequest.objects.filter(pk=request_id).first()


def of_office(organisation_id: UUID) -> list[SentRequest]:
    """Return the open requests of an office, the longest waiting first."""
    with scopes_disabled():
        found = SentRequest.objects.open().filter(organisation_id=organisation_id)
        return list(found.select_related("instructor").defer("content", "decision").order_by("due_on", "sent_at"))


def one_of_office(request_id: UUID, organisation_id: UUID) -> SentRequest | None:
    """Return one request of an office, whatever its state."""
    with scopes_disabled():
        found = SentRequest.objects.filter(pk=request_id, organisation_id=organisation_id)
        return found.select_related("organisation", "grant", "instructor", "proposed_by", "decided_by").first()


def with_late_corrections() -> Sequence[Key]:
    """Return the requests whose clock stands still though the last correction was due: id and resident's id."""
    with scopes_disabled():
        stopped = SentRequest.objects.filter(stopped_since__isnull=False)
        waiting = Correction.objects.filter(answered_at=None, answer_by__gt=timezone.localdate())
        late = stopped.exclude(pk__in=waiting.values("request"))
        return list(late.values_list("pk", "resident_id"))


def past_due() -> Sequence[Key]:
    """Return the open requests whose time has passed, and whose residents were not told."""
    with scopes_disabled():
        found = SentRequest.objects.open().filter(
            silence_told_at=None, stopped_since=None, due_on__lt=timezone.localdate()
        )
        return list(found.values_list("pk", "resident_id"))


def ending_soon() -> Sequence[Key]:
    """Return the granted requests whose right ends soon, and whose residents were not reminded."""
    today = timezone.localdate()
    with scopes_disabled():
        found = SentRequest.objects.filter(
            state=State.GRANTED, renewal_told_at=None, ends_on__range=(today, today + RENEWAL)
        )
        return list(found.values_list("pk", "resident_id"))
