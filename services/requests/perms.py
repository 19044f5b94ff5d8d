"""Rights on requests, as pure functions."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from accounts.models import Membership, User
from services.requests.enums import OPEN, State
from services.requests.models import SentRequest


def require_owner(request: SentRequest, person: UUID) -> None:
    if request.resident_id != person:
        raise PermissionDenied


def may_take(request: SentRequest, place: Membership) -> bool:
    return place.instructs and request.state in OPEN and request.instructor_id != place.person_id


def may_instruct(request: SentRequest, place: Membership) -> bool:
    """Return whether this agent may ask for a correction or propose: the one who took the request."""
    return place.instructs and request.state in OPEN and request.instructor_id == place.person_id


def may_propose(request: SentRequest, place: Membership) -> bool:
    return may_instruct(request, place) and request.state != State.CORRECTION and not request.proposal


def may_decide(request: SentRequest, person: User, place: Membership) -> bool:
    """Return whether this agent may decide: another one than who proposed."""
    return place.may_decide and bool(request.proposal) and is_open(request) and request.proposed_by_id != person.pk


def is_open(request: SentRequest) -> bool:
    return request.state in OPEN
