"""Rights on labels, as pure functions."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actions import places
from accounts.models import Publisher, PublisherMember, PublisherRole, User
from accounts.two_persons import DECIDING


def place_of(person: User) -> PublisherMember:
    """Return the person's membership.

    Raises:
        PermissionDenied: they work for no publisher, or the city has closed theirs.
    """
    found = places.of_member(person)
    if found is None:
        raise PermissionDenied
    return found


def member_of(person: User, publisher: Publisher) -> PublisherMember | None:
    found = places.of_member(person)
    return found if found and found.publisher_id == publisher.pk else None


def require_member(person: User, publisher: Publisher) -> None:
    if member_of(person, publisher) is None:
        raise PermissionDenied


def require_owner(person: User, publisher: Publisher) -> None:
    found = member_of(person, publisher)
    if found is None or found.role != PublisherRole.OWNER:
        raise PermissionDenied


def require_agent(person: User, publisher: Publisher) -> None:
    """Require an agent who never worked for the publisher."""
    if not (person.is_active and person.is_staff) or worked_for(person, publisher.pk):
        raise PermissionDenied


def worked_for(person: User, publisher_id: UUID) -> bool:
    return PublisherMember.objects.filter(person=person, publisher=publisher_id).exists()


def deciders() -> list[User]:
    """Return the agents who may examine and decide, each with another. Cost: a few queries for each agent."""
    return [one for one in User.objects.agents().filter(is_active=True) if DECIDING.lack(one) is None]


def require_charter(person: User) -> None:
    """Require an agent who manages agents: the charter binds the city."""
    if not (person.is_active and person.is_staff and person.is_superuser):
        raise PermissionDenied


def publishers_start(request: HttpRequest) -> str:
    """Return the start page of a publisher's member."""
    return "labels:publisher" if getattr(request.user, "is_publisher", False) else ""
