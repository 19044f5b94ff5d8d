"""Queries across residents for requests: an office's own list, and what the scheduler does.

They read rows only: neither the list nor a search has anything of what was sent. Opening one goes through the gate.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, When
from django.utils import timezone
from django_scopes import scopes_disabled

from services.requests import clock
from services.requests.enums import Kept
from services.requests.models import Correction, OutsideRequest, SentRequest

#: Requests on a page of an office's list.
A_PAGE = 50
Key = tuple[UUID, UUID]


def by_id(request_id: UUID) -> SentRequest | None:
    with scopes_disabled():
        return SentRequest.objects.filter(pk=request_id).first()


def office_counts(organisation_id: UUID, agent_id: UUID) -> dict[str, int]:
    """Return how many open requests of an office each choice keeps, and under `late` how many are late."""
    kept = {choice.name: Count("pk", filter=asked) for choice, asked in _kept(agent_id).items()}
    with scopes_disabled():
        found = SentRequest.objects.open().filter(organisation_id=organisation_id)
        return found.aggregate(ALL=Count("pk"), late=Count("pk", filter=_late()), **kept)


def of_office(
    organisation_id: UUID, agent_id: UUID, *, kept: Kept, number: str, page: str | None
) -> tuple[Page[SentRequest], list[SentRequest]]:
    """Return a page of an office's open requests: urgent first, then late, then by day. A number finds a closed one.

    Cost: two queries.
    """
    urgent = Q(stopped_since=None, due_on__lte=timezone.localdate() + clock.SOON)
    rank = Case(When(_late(), then=1), When(urgent, then=0), default=2)
    with scopes_disabled():
        rows = SentRequest.objects.filter(organisation_id=organisation_id)
        found = rows.filter(number=number) if number else rows.open().filter(_kept(agent_id).get(kept, Q()))
        ordered = found.select_related("instructor").defer("content", "decision").order_by(rank, "due_on", "sent_at")
        shown = Paginator(ordered, A_PAGE).get_page(page)
        return shown, list(shown.object_list)


def _kept(agent_id: UUID) -> dict[Kept, Q]:
    return {
        Kept.MINE: Q(instructor=agent_id),
        Kept.NOBODY: Q(instructor=None),
        Kept.PAUSED: Q(stopped_since__isnull=False),
    }


def _late() -> Q:
    return Q(stopped_since=None, due_on__lt=timezone.localdate())


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
    with scopes_disabled():
        found = SentRequest.objects.to_renew().filter(renewal_told_at=None)
        return list(found.values_list("pk", "resident_id"))


def sent_dossiers(dossiers: Collection[UUID]) -> set[UUID]:
    """Return those of these dossiers that were sent, to an office or outside Garant."""
    with scopes_disabled():
        inside = SentRequest.objects.filter(dossier_id__in=dossiers).values_list("dossier_id", flat=True)
        outside = OutsideRequest.objects.filter(dossier_id__in=dossiers).values_list("dossier_id", flat=True)
        return {*inside, *outside}


def outside_ending_soon() -> Sequence[Key]:
    """Return the requests outside Garant whose right ends soon, and whose residents were not reminded."""
    with scopes_disabled():
        return list(OutsideRequest.objects.to_renew().filter(renewal_told_at=None).values_list("pk", "resident_id"))


def outside_late() -> Sequence[Key]:
    """Return the requests outside Garant whose time has passed, and whose residents were not told."""
    with scopes_disabled():
        return list(OutsideRequest.objects.late().filter(told_at=None).values_list("pk", "resident_id"))
