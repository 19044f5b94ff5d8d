"""Those who work for a publisher or an organisation. The city offers the first account alone, another with a second
person; it removes in the admin. Members of a publisher are also invited and removed by the one who answers for it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.actions import city_decisions, pending, places
from accounts.actions.accounts import require_manages
from accounts.actions.city_decisions import Setting
from accounts.models import (
    CityDecision,
    Membership,
    Organisation,
    PendingAccount,
    Publisher,
    PublisherMember,
    PublisherRole,
    User,
)
from core.messages import mails

#: Where somebody works for others.
Where = Publisher | Organisation
#: The code of the setting by which the city adds somebody there; the subject is the publisher or the organisation.
CODES: dict[type[Where], str] = {Publisher: "publisher_member", Organisation: "organisation_member"}
COLUMNS = ("name", "email", "role", "offered_by")
_NAMES = {
    Publisher: gettext_lazy("nouveau membre de l’éditeur « %(name)s »"),
    Organisation: gettext_lazy("nouvel accompagnant de l’organisme « %(name)s »"),
}

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
        return pending.offer_place(email=email, name=name, by=by, link=link, where=publisher, role=role)


def add(
    *, by: User, email: str, name: str, where: Where, link: Callable[[str], str], role: PublisherRole | None = None
) -> CityDecision | None:
    """Add somebody to a publisher or an organisation, for the city. Return the proposal, or None if it is offered.

    Where nobody works, nor did, the first account is offered alone. Afterwards a second person of the city agrees, or
    a publisher's owner invites: whoever adds somebody reads what residents share there, and writes in its name. Who
    offered an account takes no part in what the city decides of it (`two_persons.find_account_makers`).

    Args:
        role: at a publisher.

    Raises:
        PermissionDenied: `by` does not manage agents.
        NotTwo
    """
    require_manages(by)
    with transaction.atomic():
        if pending.is_first(where=where, email=email):
            pending.offer(email=email, name=name, by=by, link=link, role=role, **pending.at(where))
            return None
        value = {"name": name, "email": email, "role": role or "", "offered_by": str(by.pk)}
        return city_decisions.change(what=CODES[type(where)], subject=str(where.pk), value=value, by=by)


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


def _setting(kind: type[Where]) -> Setting:
    def write(key: str, value: dict[str, Any]) -> None:
        """Offer the account, and tell those who work there."""
        where, by = kind.objects.get(pk=key), User.objects.get(pk=value["offered_by"])
        there = [one.email for one in _people(where)]
        pending.offer_place(
            email=value["email"],
            name=value["name"],
            by=by,
            link=lambda token: settings.SITE_URL + reverse("open_account", args=[token]),
            where=where,
            role=PublisherRole(value["role"]) if value["role"] else None,
        )
        template = "member_added" if isinstance(where, Publisher) else "companion_added"

        def tell() -> None:
            for address in there:
                mails.send(f"account/email/{template}", to=[address], said={"where": where.name})

        transaction.on_commit(tell, robust=True)

    def clean(key: str, value: dict[str, Any]) -> None:
        roles = PublisherRole.values if kind is Publisher else [""]
        if {*value} != {*COLUMNS} or not value["name"] or value["role"] not in roles:
            raise ValueError("not a member to add")
        validate_email(value["email"])
        kind.objects.get(pk=key)

    def name(key: str) -> str:
        found = kind.objects.filter(pk=key).first()
        return str(_NAMES[kind]) % {"name": found.name if found else key}

    return Setting(
        name=name,
        read=lambda key: dict.fromkeys(COLUMNS, ""),
        write=write,
        protects=lambda value, now: False,
        clean=clean,
        words=_words,
    )


def _people(where: Where) -> list[User]:
    """Return those who work there now."""
    if isinstance(where, Publisher):
        return [one.person for one in PublisherMember.objects.with_roles().filter(publisher=where)]
    return [one.person for one in Membership.objects.current().filter(organisation=where).select_related("person")]


def _words(value: dict[str, Any]) -> str:
    if not value["email"]:
        return "–"
    role = [str(PublisherRole(value["role"]).label)] if value["role"] else []
    return ", ".join([value["name"], value["email"], *role])


SETTINGS = {code: _setting(kind) for kind, code in CODES.items()}
