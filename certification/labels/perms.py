"""Rights on labels, as pure functions."""

from typing import cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actions import places
from accounts.models import PendingAccount, Publisher, PublisherMember, PublisherRole, User
from accounts.two_persons import ACTS, group_account_makers
from certification.labels.models import LabelRequest


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
    """Require an agent who never worked for the publisher, nor offered the account of somebody who did."""
    if not (person.is_active and person.is_staff) or worked_for(person, publisher.pk):
        raise PermissionDenied


def require_instructor(person: User, request: LabelRequest) -> None:
    """Require the agent who examines a request."""
    if request.instructor_id != person.pk:
        raise PermissionDenied


def worked_for(person: User, publisher_id: UUID) -> bool:
    """Return whether the person is behind an account of the publisher: theirs, or one that they offered."""
    return person.pk in find_behind(publisher_id)[publisher_id]


def find_behind(*publishers: UUID) -> dict[UUID, set[UUID]]:
    """Return, for each publisher, the ids of those who ever worked for it or offered an account that was opened there,
    or to one who did.

    Cost: three or four queries.
    """
    places = list(PublisherMember.objects.filter(publisher__in=publishers).select_related("person"))
    makers = group_account_makers([place.person for place in places])
    behind = {publisher: set[UUID]() for publisher in publishers}
    for place in places:
        behind[place.publisher_id] |= {place.person_id, *(one.pk for one in makers[place.person_id])}
    for offer in PendingAccount.objects.filter(publisher__in=publishers, opened_at__isnull=False):
        known = offer.offered_by_id, offer.account_id
        behind[cast(UUID, offer.publisher_id)] |= {person for person in known if person}
    return behind


def deciders() -> list[User]:
    """Return the agents who may examine and decide, each with another. Cost: a few queries for each agent."""
    return [one for one in User.objects.agents().filter(is_active=True) if ACTS["grant_label"].lack(one) is None]


def require_charter(person: User) -> None:
    """Require an agent who manages agents: the charter binds the city."""
    if not (person.is_active and person.is_staff and person.is_superuser):
        raise PermissionDenied


def publishers_start(request: HttpRequest) -> str:
    """Return the start page of a publisher's member."""
    return "labels:publisher" if getattr(request.user, "is_publisher", False) else ""
