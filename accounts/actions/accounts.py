"""Actions on accounts, one function each, called by views, the admin, commands and the demonstration."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import notices
from accounts.models import Nomination, Session, User
from accounts.sign_in import sessions
from core import journal, residents, rows


class AddressTaken(Exception):
    """Another account signs in with this e-mail address. Reveal it only to the address's proven owner."""


def register_resident(*, email: str, name: str, password: str | None = None, at_desk_by: UUID | None = None) -> User:
    """Create a resident with their key and their journal's first entry, atomically. `email` must be verified.

    If an account already signs in with this address, return it unchanged. An empty address makes a resident without
    credentials; then `at_desk_by` is the agent who opens the vault with them.
    """
    known = User.objects.signing_in_as(email).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=email, name=name, password=password, is_resident=True, reminders_by_email=False
            )
            keep_proved_address(user)
            residents.prepare(resident_id=user.pk)
            event = "vault_opened_at_desk" if at_desk_by else "vault_opened"
            journal.write(resident_id=user.pk, actor_id=at_desk_by or user.pk, event=event, purpose="Ouvrir le coffre")
    except IntegrityError:
        # A concurrent request created the account first.
        return User.objects.signing_in_as(email).get()
    return user


class LastManager(Exception):
    """Nobody would manage agents any more."""

    @classmethod
    def check_without(cls, leaving: User) -> None:
        """Raise unless another agent manages agents. Locks them, so that two who leave at once do not both pass."""
        managers = User.objects.agents().filter(is_superuser=True, is_active=True).select_for_update()
        if not [one for one in managers.order_by("pk") if one != leaving]:
            raise cls


def add_agent(*, email: str, name: str, at_desk: bool = False) -> User:
    """Add an agent, who signs in by a code and must set up a second factor first. Agents own no vault.

    Raises:
        AddressTaken: an account signs in with this address. An agent who is also a resident needs two addresses.
    """
    try:
        with transaction.atomic():
            agent = User.objects.create_user(email=email, name=name, is_staff=True, at_desk=at_desk)
            keep_proved_address(agent)
    except IntegrityError as error:
        raise AddressTaken from error
    return agent


def close_agent(*, agent: User, by: User) -> None:
    """Close an agent's account: their sessions, roles and unanswered proposals end. Idempotent; the row stays.

    Raises:
        PermissionDenied: `by` does not manage agents.
        LastManager: nobody would manage agents.
    """
    require_manages(by)
    with transaction.atomic():
        # All managers before this agent, as in `nominations.end`: two who close each other cannot deadlock.
        if User.objects.filter(pk=agent.pk, is_superuser=True).exists():
            LastManager.check_without(agent)
        held = User.objects.agents().select_for_update().get(pk=agent.pk)
        held.is_active = held.is_superuser = held.is_dpo = held.at_desk = False
        held.save(update_fields=["is_active", "is_superuser", "is_dpo", "at_desk"])
        now = timezone.now()
        standing = [one.pk for one in Nomination.objects.filter(person=held) if one.ended_at is None]
        Nomination.objects.filter(pk__in=standing).update(ended_at=now, ended_by=by, code_hash="")
        end_other_sessions(user=held, current_key=None)
        notices.tell_soon()


def reopen_agent(*, agent: User, by: User) -> None:
    """Let an agent whose account was closed sign in again, as an agent without any role."""
    require_manages(by)
    agent.is_active = True
    agent.save(update_fields=["is_active"])


def require_manages(by: User) -> None:
    if not (by.is_active and by.is_staff and by.is_superuser):
        raise PermissionDenied


def place_at_desk(*, agent: User, at_desk: bool, by: User) -> None:
    """Allow the agent to open vaults for people without e-mail. Revoking it ends all their desk visits at once.

    Raises:
        PermissionDenied: `by` does not manage agents.
    """
    require_manages(by)
    agent.at_desk = at_desk
    agent.save(update_fields=["at_desk"])


def change_name(*, user: User, name: str) -> None:
    user.name = name
    user.save(update_fields=["name"])


def change_contact_address(*, user: User, email: str) -> None:
    """Change the address for messages. Two people may share it, and nobody signs in with it."""
    user.contact_email = email
    user.save(update_fields=["contact_email"])


def choose_reminders(*, user: User, by_email: bool) -> None:
    """Set whether reminders are also e-mailed. The home page shows them in any case."""
    user.reminders_by_email = by_email
    user.save(update_fields=["reminders_by_email"])


def change_sign_in_address(*, user: User, email: str, current_key: str | None) -> None:
    """Change the sign-in address, which a code has verified. Other sessions end, since they may be someone else's.

    Raises:
        AddressTaken: another account has it.
    """
    try:
        with transaction.atomic():
            user.email = email
            user.save(update_fields=["email"])
            keep_proved_address(user)
            end_other_sessions(user=user, current_key=current_key)
    except IntegrityError as error:
        raise AddressTaken from error


def set_password(*, user: User, password: str, current_key: str | None) -> None:
    """Set the password and end every other session. Without `current_key` (a reset from outside) all sessions end."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        end_other_sessions(user=user, current_key=current_key)


def forget_second_factor(*, user: User, current_key: str | None = None) -> None:
    """Remove a lost second factor, and end the sessions but `current_key`.

    An agent must set up another before anything else; a resident continues without.
    """
    with transaction.atomic():
        end_other_sessions(user=user, current_key=current_key)
        with rows.unchecked():
            Authenticator.objects.filter(user=user).delete()


def end_session(*, session: Session) -> None:
    sessions.end(Session.objects.filter(pk=session.pk))


def end_other_sessions(*, user: User, current_key: str | None) -> int:
    with transaction.atomic():
        return sessions.end_of(user, but_key=current_key)


def keep_proved_address(user: User) -> None:
    """Keep allauth's table of verified addresses equal to the sign-in address alone."""
    with rows.unchecked():
        EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
