"""Which FranceConnect or ProConnect account opens which account here. Found again by `sub` alone: an address is never a proof."""

import hashlib
import secrets
from datetime import timedelta

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actions.accounts import end_other_sessions
from accounts.models import Invitation, User
from accounts.sign_in.openid import Identity
from core import journal, residents

LINK = gettext_noop("Relier FranceConnect à votre compte")
UNLINK = gettext_noop("Retirer FranceConnect de votre compte")
INVITATION_LASTS = timedelta(days=7)


class Taken(Exception):
    """This identity opens another account."""


class HasAnother(Exception):
    """The account is linked to another identity of the same provider: that one is removed first."""


class LastWayIn(Exception):
    """Without it nobody could sign in to this account any more."""


class InvitationOver(Exception):
    """Used, replaced by another, older than a week, or never made."""


class OtherAddress(Exception):
    """The provider knows this person by another address than the one that was invited."""


def holder_of(identity: Identity) -> User | None:
    link = SocialAccount.objects.filter(provider=identity.provider, uid=identity.sub).select_related("user").first()
    return link.user if link else None


def linked(user: User, provider: str) -> SocialAccount | None:
    found: SocialAccount | None = SocialAccount.objects.filter(user=user, provider=provider).first()
    return found


def open_vault_with(*, identity: Identity, name: str, contact_email: str) -> User:
    """A vault without sign-in address: the identity opens it, and `contact_email`, which nobody proved, only receives messages.

    An identity that opens a vault already gives that one back, unchanged.
    """
    if known := holder_of(identity):
        return known
    try:
        with transaction.atomic():
            user = User.objects.create_user(name=name, contact_email=contact_email, is_resident=True)
            residents.prepare(resident_id=user.pk)
            journal.write(resident_id=user.pk, actor_id=user.pk, event="vault_opened", purpose="Ouvrir le coffre")
            _link(user, identity)
    except IntegrityError:
        # Opened at the same moment by another request: that one has won.
        winner = holder_of(identity)
        if winner is None:
            raise
        return winner
    return user


def link(*, user: User, identity: Identity) -> None:
    """Twice the same changes nothing.

    Raises:
        Taken: it opens someone else's account.
        HasAnother: the account has another one of this provider.
    """
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)
            held = linked(user, identity.provider)
            if held is not None and held.uid != identity.sub:
                raise HasAnother
            if held is None:
                _link(user, identity)
                _journal_event(user, "identity_linked", LINK)
    except IntegrityError as error:
        raise Taken from error


def unlink(*, user: User, provider: str, current_key: str | None) -> None:
    """Other sessions end: one of them may have been opened by it.

    Raises:
        LastWayIn: the account has no sign-in address. A passkey is not enough: it may be lost, and the desk then removes it.
    """
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if not held.email:
            raise LastWayIn
        if SocialAccount.objects.filter(user=held, provider=provider).delete()[0]:
            _journal_event(held, "identity_unlinked", UNLINK)
            end_other_sessions(user=held, current_key=current_key)


def invite(*, agent: User, by: User) -> str:
    """What the agent's mail carries: it lets them, and nobody at another address, link their ProConnect account once. Earlier ones end."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(agent=agent, used_at=None).delete()
        Invitation.objects.create(agent=agent, made_by=by, token_hash=_hashed(token))
    return token


def invited(token: str) -> User | None:
    found = (
        Invitation.objects.open(timezone.now() - INVITATION_LASTS)
        .filter(token_hash=_hashed(token))
        .select_related("agent")
        .first()
    )
    return found.agent if found and found.agent.is_active and found.agent.is_staff else None


def accept_invitation(*, token: str, identity: Identity) -> User:
    """Invited by an administrator, and known to ProConnect by the address that they invited: both, for neither is enough.

    Raises:
        InvitationOver, OtherAddress, Taken, HasAnother
    """
    with transaction.atomic():
        row = (
            Invitation.objects.select_for_update()
            .open(timezone.now() - INVITATION_LASTS)
            .filter(token_hash=_hashed(token))
            .first()
        )
        agent = invited(token)
        if row is None or agent is None:
            raise InvitationOver
        if str(identity.claims.get("email", "")).strip().lower() != agent.email:
            raise OtherAddress
        link(user=agent, identity=identity)
        row.used_at = timezone.now()
        row.save(update_fields=["used_at"])
    return agent


def _link(user: User, identity: Identity) -> None:
    """What is kept of the identity: how to find it again, and how sure it was. Not one name, not one date."""
    kept = {"sub": identity.sub, "acr": identity.acr}
    SocialAccount.objects.create(user=user, provider=identity.provider, uid=identity.sub, extra_data=kept)


def _journal_event(user: User, event: str, purpose: str) -> None:
    if user.is_resident:
        journal.write(resident_id=user.pk, actor_id=user.pk, event=event, purpose=purpose)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
