"""Places of those who work for others: companions at an organisation, members at a publisher. They own no vault.

They sign in by a code and must set up a second factor first. One who left returns under the same account; earlier
mandates and requests stay with the former place.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import nominations, rights
from accounts.actions.accounts import AddressTaken, end_other_sessions, keep_proved_address, require_manages
from accounts.models import (
    Membership,
    OfficeRight,
    Organisation,
    Publisher,
    PublisherMember,
    PublisherRole,
    Role,
    User,
)
from accounts.two_persons import EXAMINING, Lack
from core.database import locks

#: The kind of lock that each reading by an office shares.
OFFICE_LOCK = "office"
#: The kind of lock under which an agent gets a place. Lock order: this one, the office's, the row of the place.
PLACE_LOCK = "office_place"
#: The role that two persons give for each right in an office.
ROLES = {OfficeRight.INSTRUCT: Role.EXAMINER, OfficeRight.DECIDE: Role.OFFICE}
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
        if place is None:
            place = PublisherMember.objects.create(person=_opened(person), publisher=publisher)
            rights.give(person=person, right=role, on=publisher)
        return place


def end(*, place: Membership | PublisherMember) -> None:
    """End a place: close the person's account and end its sessions. Idempotent."""
    with transaction.atomic():
        held = type(place).objects.select_for_update().get(pk=place.pk)
        if held.ended_at is None:
            # The account's row before its chain, as whoever signs in.
            held.person.is_active = False
            held.person.save(update_fields=["is_active"])
            end_other_sessions(user=held.person, current_key=None)
            rights.take_away(person=held.person, on=_where(held))
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])


def of_companion(person: User) -> Membership | None:
    """Return the companion's current membership, or None if they may act for nobody."""
    return Membership.objects.current().filter(person=person).select_related("organisation", "person").first()


def of_member(person: User) -> PublisherMember | None:
    """Return the current membership of a publisher, or None if the person works for none."""
    return PublisherMember.objects.with_roles().filter(person=person).first()


def add_to_office(
    *, agent: User, organisation: Organisation, instructs: bool, may_decide: bool, by: User | None
) -> Membership:
    """Add an agent to an office that receives requests. It ends their former place; the same place again is kept.

    `may_decide` gives nothing yet, and whoever examines does not propose a decision yet, unless two persons have named
    them before: it proposes the agent, and another person who governs confirms (0026).

    Args:
        by: who manages agents; None for the operator, who names agents by `nominations.name_by_operator`.

    Raises:
        ValueError: the person is no agent, the organisation receives nothing, or the place has no role.
        PermissionDenied: `by` does not manage agents, or gives themself the right to decide.
    """
    if by is not None:
        require_manages(by)
    if not (agent.is_staff and agent.is_active and organisation.receives and (instructs or may_decide)):
        raise ValueError("an agent, an office and a role")
    given = {OfficeRight.INSTRUCT: instructs, OfficeRight.DECIDE: may_decide}
    wanted = {right for right, is_given in given.items() if is_given}
    with transaction.atomic():
        locks.hold(PLACE_LOCK, agent.pk)
        place = Membership.objects.filter(person=agent, ended_at=None).first()
        if place is None or place.organisation_id != organisation.pk or place.rights != wanted:
            if place is not None:
                stays = place.organisation_id == organisation.pk
                _end_place(place, by, keeps=[ROLES[right] for right in wanted] if stays else [])
            place = Membership.objects.create(person=agent, organisation=organisation)
            for right in wanted:
                rights.give(person=agent, right=right, on=organisation)
        if by is not None and (may_decide or _is_unknown(agent, organisation) and agent != by):
            with suppress(nominations.AlreadyNamed):
                role = Role.OFFICE if may_decide else Role.EXAMINER
                nominations.propose(person=agent, role=role, employer="", by=by)
    return place


def _is_unknown(agent: User, office: Organisation) -> bool:
    """Return whether no two persons have named the agent to any role that lets them examine."""
    return EXAMINING.lack(agent, office=office.pk) == Lack.NOT_NAMED


def leave_office(*, place: Membership, by: User | None = None) -> None:
    """End an agent's place in an office. They stay an agent. Waits for what the office is reading. Idempotent."""
    with transaction.atomic():
        _end_place(place, by, keeps=[])


def _end_place(place: Membership, by: User | None, *, keeps: list[Role]) -> None:
    locks.hold(OFFICE_LOCK, place.organisation_id)
    held = Membership.objects.select_for_update().get(pk=place.pk)
    if held.ended_at is None:
        held.ended_at = timezone.now()
        held.save(update_fields=["ended_at"])
        rights.take_away(person=held.person, on=held.organisation)
        nominations.end_in_office(person=held.person, by=by, keeps=keeps)


@contextmanager
def changing_office(organisation: Organisation) -> Iterator[None]:
    """Save an organisation in the block. Once it is committed, nothing is read for an office that closed."""
    with transaction.atomic():
        locks.hold(OFFICE_LOCK, organisation.pk)
        yield


def of_office(person: User) -> Membership | None:
    """Return the agent's current place in an office that receives requests, or None."""
    return Membership.objects.of_office(person)


def _where(place: Membership | PublisherMember) -> Organisation | Publisher:
    return place.organisation if isinstance(place, Membership) else place.publisher


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
