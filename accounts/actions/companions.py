"""Companions: they work for an organisation and act for residents, each under a mandate of the resident's own. They own no vault."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions.accounts import AddressTaken, end_other_sessions, keep_proved_address
from accounts.models import Membership, Organisation, User


def add_companion(*, email: str, name: str, organisation: Organisation) -> Membership:
    """They sign in by a code and set up a second factor before anything else. Adding twice gives the same place.

    A companion who left another organisation comes back under their own account; mandates of before stay with the former place.

    Raises:
        AddressTaken: someone who is no companion signs in with it, or a companion of another organisation.
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
    """They act for nobody from now on: the account is closed, its sessions end. Ending twice changes nothing."""
    with transaction.atomic():
        held = Membership.objects.select_for_update().get(pk=membership.pk)
        if held.ended_at is None:
            held.ended_at = timezone.now()
            held.save(update_fields=["ended_at"])
            held.person.is_active = False
            held.person.save(update_fields=["is_active"])
            end_other_sessions(user=held.person, current_key=None)


def place_of(person: User) -> Membership | None:
    """Where this companion works now; None: they act for nobody."""
    return Membership.objects.current().filter(person=person).select_related("organisation", "person").first()


def _account(email: str, name: str) -> User:
    person = User.objects.create_user(email=email, name=name, is_companion=True)
    keep_proved_address(person)
    return person
