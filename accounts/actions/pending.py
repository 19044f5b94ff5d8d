"""Accounts of agents, companions and publishers' members, offered to an address and opened there.

Adding somebody does not tell who has a vault.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actions import accounts, places
from accounts.models import Organisation, PendingAccount, Publisher, PublisherRole, User
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
        PermissionDenied: `by` does not manage agents.
    """
    accounts.require_manages(by)
    return _offer(email, name, by, link, organisation=organisation, publisher=publisher, role=role, at_desk=at_desk)


def offer_place(
    *, email: str, name: str, by: User, link: Callable[[str], str], publisher: Publisher, role: PublisherRole
) -> PendingAccount:
    """Offer a member's account, as `offer` does, for who answers for the publisher. Only `actions.members` calls this.

    It replaces an earlier offer of the same publisher alone: another's, or the city's, is not theirs to end.
    """
    return _offer(email, name, by, link, publisher=publisher, role=role, replacing={"publisher": publisher})


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
    replacing: Mapping[str, Publisher] | None = None,
) -> PendingAccount:
    token, email = secrets.token_urlsafe(32), email.strip().lower()
    with transaction.atomic():
        former = PendingAccount.objects.open(timezone.now() - LASTS).filter(email=email, **(replacing or {}))
        former.update(withdrawn_at=timezone.now())
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
        if row is None or find(token) is None:
            raise Over
        row.opened_at = timezone.now()
        row.save(update_fields=["opened_at"])
        if row.organisation is not None:
            return places.add_companion(email=row.email, name=row.name, organisation=row.organisation).person
        if row.publisher is not None:
            role = PublisherRole(row.role)
            return places.add_member(email=row.email, name=row.name, publisher=row.publisher, role=role).person
        return accounts.add_agent(email=row.email, name=row.name, at_desk=row.at_desk)


def withdraw(*, row: PendingAccount, by: User) -> None:
    """End an offer that nobody took. Idempotent."""
    accounts.require_manages(by)
    PendingAccount.objects.filter(pk=row.pk, opened_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())


def _letter(email: str) -> str:
    taken = User.objects.signing_in_as(email).filter(is_resident=True).exists()
    return "account/email/pending_taken" if taken else "account/email/pending_account"


def _hash(token: str) -> str:
    return hashlib.sha256(b"pending" + token.encode()).hexdigest()
