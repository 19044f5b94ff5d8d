"""Links from FranceConnect or ProConnect identities to accounts, found by `sub` alone: an address is never a proof."""

import hashlib
import secrets
from datetime import timedelta

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.actions.accounts import end_other_sessions, require_manages
from accounts.models import Invitation, User
from accounts.sign_in.openid import Identity
from core import journal, residents
from core.rows import changing

LINK = gettext_noop("Relier FranceConnect à votre compte")
UNLINK = gettext_noop("Retirer FranceConnect de votre compte")
INVITATION_LASTS = timedelta(days=7)


class Taken(Exception):
    """This identity is linked to another account."""


class HasAnother(Exception):
    """The account is linked to another identity of this provider, which must be removed first."""


class LastWayIn(Exception):
    """Removing this identity would leave the account without any way to sign in."""


class InvitationOver(Exception):
    """The invitation was used, replaced, is older than a week or never existed."""


class OtherAddress(Exception):
    """The provider has another address for this agent than the invited one."""


def holder_of(identity: Identity) -> User | None:
    link = SocialAccount.objects.filter(provider=identity.provider, uid=identity.sub).select_related("user").first()
    return link.user if link else None


def linked(user: User, provider: str) -> SocialAccount | None:
    found: SocialAccount | None = SocialAccount.objects.filter(user=user, provider=provider).first()
    return found


def open_vault_with(*, identity: Identity, name: str, contact_email: str) -> User:
    """Open a vault that its owner signs in to with this identity; return the existing vault if there is one.

    It has no sign-in address. `contact_email` is not verified and only receives messages.
    """
    if known := holder_of(identity):
        return known
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                name=name, contact_email=contact_email, is_resident=True, reminders_by_email=False
            )
            residents.prepare(resident_id=user.pk)
            journal.write(resident_id=user.pk, actor_id=user.pk, event="vault_opened", purpose="Ouvrir le coffre")
            _link(user, identity)
    except IntegrityError:
        # A concurrent request created the account first.
        winner = holder_of(identity)
        if winner is None:
            raise
        return winner
    return user


def link(*, user: User, identity: Identity) -> None:
    """Link an identity to an account; idempotent.

    Raises:
        Taken: it is linked to another account.
        HasAnother: the account has another identity of this provider.
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
    """Remove an identity and end other sessions, which may have been opened with it.

    Raises:
        LastWayIn: the account has no sign-in address. A passkey is not enough: a lost one is removed at the desk.
    """
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if not held.email:
            raise LastWayIn
        with changing(held):  # an identity that somebody gave another account or another name is missed here
            linked_to = [one.pk for one in SocialAccount.objects.filter(user=held) if one.provider == provider]
            if SocialAccount.objects.filter(pk__in=linked_to).delete()[0]:
                _journal_event(held, "identity_unlinked", UNLINK)
                end_other_sessions(user=held, current_key=current_key)


def invite(*, agent: User, by: User) -> str:
    """Make an invitation and return its token, for the agent's e-mail. It ends their earlier ones.

    It lets this agent, at this address alone, link their ProConnect account once.

    Raises:
        PermissionDenied: `by` does not manage agents.
    """
    require_manages(by)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        former = [one.pk for one in Invitation.objects.filter(agent=agent) if one.used_at is None]
        Invitation.objects.filter(pk__in=former).delete()
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
    """Link the ProConnect account of an invited agent. Requires both the token and the invited address.

    Raises:
        InvitationOver: the token is not valid any more.
        OtherAddress: ProConnect has another address for this agent.
        Taken, HasAnother: as `link`.
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
    """Link the identity, and keep only its `sub` and its level of assurance: no name and no date."""
    kept = {"sub": identity.sub, "acr": identity.acr}
    SocialAccount.objects.create(user=user, provider=identity.provider, uid=identity.sub, extra_data=kept)


def _journal_event(user: User, event: str, purpose: str) -> None:
    if user.is_resident:
        journal.write(resident_id=user.pk, actor_id=user.pk, event=event, purpose=purpose)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
