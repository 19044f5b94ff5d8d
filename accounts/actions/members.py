"""Members of a publisher, invited and removed by the one who answers for it. The city does both in the admin."""

from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.actions import pending, places
from accounts.models import PendingAccount, Publisher, PublisherMember, PublisherRole, User

#: Invitations of one publisher in a day: each writes to an address that may be anybody's.
A_DAY = 10


class TooMany(Exception):
    """The publisher has sent its invitations of today."""


def invite(*, by: User, email: str, name: str, role: PublisherRole, link: Callable[[str], str]) -> PendingAccount:
    """Invite somebody to the publisher of `by`. The answer is the same whoever has the address.

    Args:
        link: returns the URL for a token.

    Raises:
        PermissionDenied: `by` does not answer for a publisher.
        TooMany
    """
    publisher = _require_owner(by).publisher
    with transaction.atomic():
        Publisher.objects.select_for_update().get(pk=publisher.pk)
        since = timezone.now() - timedelta(days=1)
        if PendingAccount.objects.filter(publisher=publisher, offered_at__gt=since).count() >= A_DAY:
            raise TooMany
        return pending.offer_place(email=email, name=name, by=by, link=link, publisher=publisher, role=role)


def remove(*, place: PublisherMember, by: User) -> None:
    """End a member's place: their account is closed and their sessions end. Idempotent.

    Raises:
        PermissionDenied: `by` does not answer for the same publisher, or would remove themselves.
    """
    mine = _require_owner(by)
    if place.publisher_id != mine.publisher_id or place.person_id == by.pk:
        raise PermissionDenied
    places.end(place=place)


def invited(publisher: Publisher) -> list[PendingAccount]:
    """Return the invitations that nobody has opened yet."""
    open_ones = PendingAccount.objects.open(timezone.now() - pending.LASTS)
    return list(open_ones.filter(publisher=publisher).order_by("offered_at"))


def _require_owner(person: User) -> PublisherMember:
    found = places.of_member(person)
    if found is None or found.role != PublisherRole.OWNER:
        raise PermissionDenied
    return found
