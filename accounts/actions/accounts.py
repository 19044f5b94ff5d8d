"""Actions on accounts, one function each, called by views, the admin, commands and the demonstration."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from accounts.models import Session, User
from accounts.sign_in.sessions import hashed
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
            user = User.objects.create_user(email=email, name=name, password=password, is_resident=True)
            keep_proved_address(user)
            residents.prepare(resident_id=user.pk)
            event = "vault_opened_at_desk" if at_desk_by else "vault_opened"
            journal.write(resident_id=user.pk, actor_id=at_desk_by or user.pk, event=event, purpose="Ouvrir le coffre")
    except IntegrityError:
        # A concurrent request created the account first.
        return User.objects.signing_in_as(email).get()
    return user


def add_agent(*, email: str, name: str, manages_agents: bool = False) -> User:
    """Add an agent, who signs in by a code and must set up a second factor first. Agents own no vault.

    Raises:
        AddressTaken: an account signs in with this address. An agent who is also a resident needs two addresses.
    """
    try:
        with transaction.atomic():
            agent = User.objects.create_user(email=email, name=name, is_staff=True, is_superuser=manages_agents)
            keep_proved_address(agent)
    except IntegrityError as error:
        raise AddressTaken from error
    return agent


def change_agent(*, agent: User, email: str, name: str, manages_agents: bool, active: bool) -> None:
    """Change an agent as an administrator. Their sessions end if they lose a right, their address or their account.

    Raises:
        AddressTaken: another account signs in with this address.
    """
    before = User.objects.agents().get(pk=agent.pk)
    try:
        with transaction.atomic():
            agent.name, agent.email, agent.is_superuser, agent.is_active = name, email, manages_agents, active
            agent.save(update_fields=["name", "email", "is_superuser", "is_active"])
            keep_proved_address(agent)
            if (before.email, before.is_superuser, before.is_active) != (
                agent.email,
                agent.is_superuser,
                agent.is_active,
            ):
                end_other_sessions(user=agent, current_key=None)
    except IntegrityError as error:
        raise AddressTaken from error


def name_officer(*, agent: User, is_dpo: bool) -> None:
    """Make the agent the data protection officer, the only one who reads residents' contests, or the reverse."""
    agent.is_dpo = is_dpo
    agent.save(update_fields=["is_dpo"])


def place_at_desk(*, agent: User, at_desk: bool) -> None:
    """Allow the agent to open vaults for people without e-mail. Revoking it ends all their desk visits at once."""
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


def forget_second_factor(*, user: User) -> None:
    """Remove a lost second factor. An agent must set up another before anything else; a resident continues without."""
    with transaction.atomic():
        with rows.unchecked():
            Authenticator.objects.filter(user=user).delete()
        end_other_sessions(user=user, current_key=None)


def end_session(*, session: Session) -> None:
    session.delete()


def end_other_sessions(*, user: User, current_key: str | None) -> int:
    others = Session.objects.filter(user=user)
    if current_key is not None:
        others = others.exclude(key_hash=hashed(current_key))
    return others.delete()[0]


def keep_proved_address(user: User) -> None:
    """Keep allauth's table of verified addresses equal to the sign-in address alone."""
    with rows.unchecked():
        EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
