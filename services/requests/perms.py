"""Rights on requests, as pure functions."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from accounts.models import Membership
from services.requests.enums import State
from services.requests.models import OutsideRequest, SentRequest


def require_owner(request: SentRequest | OutsideRequest, person: UUID) -> None:
    if request.resident_id != person:
        raise PermissionDenied


def may_take(request: SentRequest, place: Membership) -> bool:
    return place.instructs and request.is_open and request.instructor_id != place.person_id


def may_instruct(request: SentRequest, place: Membership) -> bool:
    """Return whether this agent may ask for a correction or propose: the one who took the request."""
    return place.instructs and request.is_open and request.instructor_id == place.person_id


def may_propose(request: SentRequest, place: Membership) -> bool:
    return may_instruct(request, place) and request.state != State.CORRECTION and not request.proposal


def awaits_decision(request: SentRequest) -> bool:
    return request.is_open and bool(request.proposal)


def proposed(request: SentRequest, place: Membership) -> bool:
    """Return whether this agent made the proposal, which another one then decides."""
    return request.proposed_by_id == place.person_id


def may_decide(request: SentRequest, place: Membership) -> bool:
    """Return whether this agent's place may decide. Whether they do is the act's rule, of two persons."""
    return place.may_decide and awaits_decision(request) and not proposed(request, place)
