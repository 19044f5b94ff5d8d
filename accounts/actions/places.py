"""Places of those who work for others: companions at an organisation, members at a publisher. They own no vault.

They sign in by a code and must set up a second factor first. One who left returns under the same account; earlier
mandates and requests stay with the former place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions.accounts import AddressTaken, end_other_sessions, keep_proved_address
from accounts.models import Membership, Organisation, Publisher, PublisherMember, PublisherRole, User
from core.database import locks

#: The kind of lock that each reading by an office shares.
OFFICE_LOCK = "office"
#: The kind of lock under which an agent gets a place. Lock order: this one, the office's, the row of the place.
PLACE_LOCK = "office_place"
Kind = Literal["is_companion", "is_publisher"]


def add_companion(*, email: str, name: str, organisation: Organisation) -> Membership:
    """Add a companion to an organisation, and return the current membership if it exists.

    Raises:
        AddressTaken: the address belongs to another kind of user, or to a companion of another organisation.
    """
    with _one_at_a_time():
        person = _account(email, name, "is_companion")
        place = Membership.objects.filter(person=person, ended_at=None).first()
        if place is not None and place.organisation_id != organisation.pk:
            raise AddressTaken
        return place or Membership.objects.create(person=_opened(person), organisation=organisation)


def add_member(*, email: str, name: str, publisher: Publisher, role: PublisherRole) -> PublisherMember:
    """Add a member to a publisher, and return the current membership if it exists.

    Raises:
        AddressTaken: the address belongs to another kind of user, or to a member of another publisher.
    """
    with _one_at_a_time():
        person = _account(email, name, "is_publisher")
        place = PublisherMember.objects.filter(person=person, ended_at=None).first()
        if place is not None and place.publisher_id != publisher.pk:
            raise AddressTaken
        return place or PublisherMember.objects.create(person=_opened(person), publisher=publisher, role=role)


def end(*, place: Membership | PublisherMember) -> None:
    """End a place: close the person's account and end its sessions. Idempotent."""
    with transaction.atomic():
        held = type(place).objects.select_for_update().get(pk=place.pk)
        if held.ended_at is None:
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])
            held.person.is_active = False
            held.person.save(update_fields=["is_active"])
            end_other_sessions(user=held.person, current_key=None)


def of_companion(person: User) -> Membership | None:
    """Return the companion's current membership, or None if they may act for nobody."""
    return Membership.objects.current().filter(person=person).select_related("organisation", "person").first()


def of_member(person: User) -> PublisherMember | None:
    """Return the current membership of a publisher, or None if the person works for none."""
    return PublisherMember.objects.current().filter(person=person).select_related("publisher", "person").first()


def add_to_office(*, agent: User, organisation: Organisation, instructs: bool, may_decide: bool) -> Membership:
    """Add an agent to an office that receives requests. It ends their former place; the same place again is kept.

    Raises:
        ValueError: the person is no agent, the organisation receives nothing, or the place has no role.
    """
    if not (agent.is_staff and agent.is_active and organisation.receives and (instructs or may_decide)):
        raise ValueError("an agent, an office and a role")
    roles = {"organisation_id": organisation.pk, "instructs": instructs, "may_decide": may_decide}
    with transaction.atomic():
        locks.hold(PLACE_LOCK, agent.pk)
        held = Membership.objects.filter(person=agent, ended_at=None).first()
        if held is not None and all(getattr(held, name) == value for name, value in roles.items()):
            return held
        if held is not None:
            leave_office(place=held)
        return Membership.objects.create(person=agent, **roles)


def leave_office(*, place: Membership) -> None:
    """End an agent's place in an office. They stay an agent. Waits for what the office is reading. Idempotent."""
    with transaction.atomic():
        locks.hold(OFFICE_LOCK, place.organisation_id)
        held = Membership.objects.select_for_update().get(pk=place.pk)
        if held.ended_at is None:
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])


@contextmanager
def changing_office(organisation: Organisation) -> Iterator[None]:
    """Save an organisation in the block. Once it is committed, nothing is read for an office that closed."""
    with transaction.atomic():
        locks.hold(OFFICE_LOCK, organisation.pk)
        yield


def of_office(person: User) -> Membership | None:
    """Return the agent's current place in an office that receives requests, or None."""
    return Membership.objects.in_office().filter(person=person).select_related("organisation", "person").first()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Say that the address is taken when the database refuses a second account or a second place."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise AddressTaken from error


def _account(email: str, name: str, kind: Kind) -> User:
    """Return the account of an address, made if nobody has it.

    Raises:
        AddressTaken: it is an account of another kind.
    """
    person = User.objects.signing_in_as(email).first()
    if person is None:
        person = User.objects.create_user(
            email=email, name=name, is_companion=kind == "is_companion", is_publisher=kind == "is_publisher"
        )
        keep_proved_address(person)
    elif not getattr(person, kind):
        raise AddressTaken
    return person


def _opened(person: User) -> User:
    person.is_active = True
    person.save(update_fields=["is_active"])
    return person
