"""The requests that a page may show. Any other does not exist."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.http import SignedInRequest
from certification.labels import perms
from certification.labels.models import LabelRequest


def own_request(request: SignedInRequest, request_id: UUID) -> LabelRequest:
    """Return a request of the member's own publisher."""
    mine = LabelRequest.objects.filter(service__publisher=perms.place_of(request.user).publisher)
    return get_object_or_404(mine.select_related("service__publisher", "charter"), pk=request_id)


def sent_request(request: SignedInRequest, request_id: UUID) -> LabelRequest:
    """Return a request that was sent. An agent who worked for its publisher is refused."""
    sent = LabelRequest.objects.for_agents().select_related(
        "service__publisher", "charter", "instructor", "decided_by"
    )
    found = get_object_or_404(sent, pk=request_id)
    perms.require_agent(request.user, found.service.publisher)
    return found
