"""Accounts of agents, companions and publishers' members, offered to an address and opened there.

Adding somebody does not tell who has a vault.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.actions import accounts, places
from accounts.models import Organisation, PendingAccount, Publisher, PublisherRole, User
from core import once
from core.messages import mails

LASTS = timedelta(days=7)


class Over(Exception):
    """The link was used, withdrawn or replaced, or is older than a week."""


def offer(
    *,
    email: str,
    name: str,
    by: User,
    link: Callable[[str], str],
    organisation: Organisation | None = None,
    publisher: Publisher | None = None,
    role: PublisherRole | None = None,
    at_desk: bool = False,
) -> PendingAccount:
    """Offer an account to an address and send the e-mail: as an agent, or one who works for an organisation or a
    publisher.

    The answer, the row and the sending are the same if the address opens a vault: only its owner reads why they need
    another address. It replaces an earlier offer to this address.

    Args:
        link: returns the URL for a token.

    Raises:
        PermissionDenied: `by` does not manage agents, the organisation or the publisher is closed, or somebody works,
            or worked, there: see `actions.members`.
    """
    accounts.require_manages(by)
    if any(there is not None and not there.is_active for there in (organisation, publisher)):
        raise PermissionDenied  # its name is in the letter, and nobody else has read it yet
    with transaction.atomic():
        where = publisher or organisation
        if where is not None and not is_first(where=where, email=email):
            raise PermissionDenied
        return _offer(
            email, name, by, link, organisation=organisation, publisher=publisher, role=role, at_desk=at_desk
        )


def at(where: Publisher | Organisation) -> dict[str, Any]:
    """Return where an account is offered, as the column of the row that says it."""
    return {"publisher": where} if isinstance(where, Publisher) else {"organisation": where}


def is_first(*, where: Publisher | Organisation, email: str) -> bool:
    """Return whether nobody works there, nor did, and no other address has an offer. Locks it.

    Offers are found by what never changes, and one that was opened stays: it says so when a place is missed.
    """
    if isinstance(where, Publisher):
        theirs = Publisher.objects.select_for_update().get(pk=where.pk).members.exists()
    else:
        held = Organisation.objects.select_for_update().get(pk=where.pk)
        theirs = held.memberships.filter(person__is_companion=True).exists()
    since, address = timezone.now() - LASTS, email.strip().lower()
    offers = list(PendingAccount.objects.filter(**at(where)))
    others = (one for one in offers if one.email != address and one.withdrawn_at is None and one.offered_at > since)
    return not theirs and not any(one.opened_at for one in offers) and not any(others)


def offer_place(
    *,
    email: str,
    name: str,
    by: User,
    link: Callable[[str], str],
    where: Publisher | Organisation,
    role: PublisherRole | None = None,
) -> PendingAccount:
    """Offer an account, as `offer` does, for who answers for a publisher or two persons of the city. Only
    `actions.members` calls this.

    It replaces an earlier offer of the same place alone: another's, or the city's, is not theirs to end.
    """
    return _offer(email, name, by, link, role=role, replacing=at(where), **at(where))


def _offer(
    email: str,
    name: str,
    by: User,
    link: Callable[[str], str],
    *,
    organisation: Organisation | None = None,
    publisher: Publisher | None = None,
    role: PublisherRole | None = None,
    at_desk: bool = False,
    replacing: Mapping[str, Any] | None = None,
) -> PendingAccount:
    token, email = secrets.token_urlsafe(32), email.strip().lower()
    with transaction.atomic():
        to_end = PendingAccount.objects.filter(email=email, **(replacing or {}))
        _withdraw(*to_end)
        row = PendingAccount.objects.create(
            email=email,
            name=name,
            organisation=organisation,
            publisher=publisher,
            role=role or "",
            at_desk=at_desk,
            offered_by=by,
            token_hash=_hash(token),
        )
    said = {
        "link_to": link(token),
        "organisation": organisation.name if organisation else "",
        "publisher": publisher.name if publisher else "",
    }
    mails.send(_letter(email), to=[email], said=said)
    return row


def find(token: str) -> PendingAccount | None:
    found = PendingAccount.objects.open(timezone.now() - LASTS).filter(token_hash=_hash(token))
    return found.select_related("organisation", "publisher", "offered_by").first()


def open_account(*, token: str) -> User:
    """Open the account. Whoever has the token has proved the address.

    Raises:
        Over
        AddressTaken: the address opens a vault, or works for another organisation. Say so only here.
    """
    with transaction.atomic():
        row = PendingAccount.objects.select_for_update().filter(token_hash=_hash(token)).first()
        if row is None or find(token) is None or not once.use("pending account", row.token_hash):
            raise Over
        row.account, row.opened_at = _opened(row), timezone.now()
        row.save(update_fields=["account", "opened_at"])
        return row.account


def _opened(row: PendingAccount) -> User:
    if row.organisation is not None:
        return places.add_companion(email=row.email, name=row.name, organisation=row.organisation).person
    if row.publisher is not None:
        role = PublisherRole(row.role)
        return places.add_member(email=row.email, name=row.name, publisher=row.publisher, role=role).person
    return accounts.add_agent(email=row.email, name=row.name, at_desk=row.at_desk)


def withdraw(*, row: PendingAccount, by: User) -> None:
    """End an offer that nobody took. Idempotent."""
    accounts.require_manages(by)
    _withdraw(PendingAccount.objects.get(pk=row.pk))


def _withdraw(*rows: PendingAccount) -> None:
    """End those of these offers that nobody took. Each was checked as it was loaded."""
    waiting = [row.pk for row in rows if row.opened_at is None and row.withdrawn_at is None]
    PendingAccount.objects.filter(pk__in=waiting).update(withdrawn_at=timezone.now())


def _letter(email: str) -> str:
    taken = User.objects.signing_in_as(email).filter(is_resident=True).exists()
    return "account/email/pending_taken" if taken else "account/email/pending_account"


def _hash(token: str) -> str:
    return hashlib.sha256(b"pending" + token.encode()).hexdigest()
