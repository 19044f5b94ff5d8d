"""Companions, who work for an organisation and act for residents under mandates. They own no vault."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions.accounts import AddressTaken, end_other_sessions, keep_proved_address
from accounts.models import Membership, Organisation, User


def add_companion(*, email: str, name: str, organisation: Organisation) -> Membership:
    """Add a companion to an organisation, and return the current membership if it exists.

    A companion signs in by a code and must set up a second factor first. One who left another organisation returns
    under the same account; earlier mandates stay with the former membership.

    Raises:
        AddressTaken: the address belongs to another kind of user, or to a companion of another organisation.
    """
    try:
        with transaction.atomic():
            person = User.objects.signing_in_as(email).first() or _account(email, name)
            if not person.is_companion:
                raise AddressTaken
            place = Membership.objects.filter(person=person, ended_at=None).first()
            if place is None:
                person.is_active = True
                person.save(update_fields=["is_active"])
                place = Membership.objects.create(person=person, organisation=organisation)
            elif place.organisation_id != organisation.pk:
                raise AddressTaken
    except IntegrityError as error:
        raise AddressTaken from error
    return place


def end_membership(*, membership: Membership) -> None:
    """End a membership: close the companion's account and end its sessions. Idempotent."""
    with transaction.atomic():
        held = Membership.objects.select_for_update().get(pk=membership.pk)
        if held.ended_at is None:
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])
            held.person.is_active = False
            held.person.save(update_fields=["is_active"])
            end_other_sessions(user=held.person, current_key=None)


def place_of(person: User) -> Membership | None:
    """Return the companion's current membership, or None if they may act for nobody."""
    return Membership.objects.current().filter(person=person).select_related("organisation", "person").first()


def _account(email: str, name: str) -> User:
    person = User.objects.create_user(email=email, name=name, is_companion=True)
    keep_proved_address(person)
    return person
