"""Permissions of companions, agents and household members. They write nothing."""

from django.core.exceptions import PermissionDenied

from accounts.models import Session, User
from accounts.perms import keeps_desk
from accounts.sign_in.sessions import under_way
from vault.records.enums import HouseholdRole
from vault.sharing.models import DeskVisit, Mandate, Member


def may_act(mandate: Mandate, companion: User) -> bool:
    """Return True only for the companion whom the mandate names, not a colleague.

    The gate checks whether the mandate is active.
    """
    return companion.is_active and companion.is_companion and mandate.grant.recipient_id == companion.pk


def require_may_act(mandate: Mandate, companion: User) -> None:
    if not may_act(mandate, companion):
        raise PermissionDenied


def require_agent(agent: User) -> None:
    if not (agent.is_active and agent.is_staff):
        raise PermissionDenied


def may_help_at_desk(visit: DeskVisit, agent: User) -> bool:
    """Return True for the agent who began the visit, while they keep the desk and that session goes on.

    A claimed vault ends the visit. The gate checks whether the grant is active.
    """
    session = Session.objects.filter(pk=visit.session_id, user=agent)
    return (
        keeps_desk(agent)
        and visit.grant.recipient_id == agent.pk
        and bool(under_way(session))
        and not visit.is_claimed_since()
    )


def require_may_help_at_desk(visit: DeskVisit, agent: User) -> None:
    if not may_help_at_desk(visit, agent):
        raise PermissionDenied


def may_read_register(agent: User) -> bool:
    """Return True for the data protection officer and the agents who manage agents."""
    return agent.is_active and agent.is_staff and (agent.is_dpo or agent.is_superuser)


def may_agree_with(role: HouseholdRole | None, me: Member, other: Member) -> bool:
    """Return True if both members are in the same household now, and in the role that the agreement is for."""
    together = me.household_id == other.household_id and me.left_at is None and other.left_at is None
    return together and (role is None or me.role == other.role == role)
