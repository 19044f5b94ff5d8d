"""Who may do what to a vault, as questions that change nothing."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import Session, User
from accounts.perms import keeps_desk
from vault.enums import ConnectionState, HouseholdRole, PaperState
from vault.models import Connection, DeskVisit, Mandate, Member, Paper


def may_write(resident_id: UUID, person: UUID) -> bool:
    """The vault is its resident's from the first minute: only they change it."""
    return resident_id == person


def require_may_write(resident_id: UUID, person: UUID) -> None:
    if not may_write(resident_id, person):
        raise PermissionDenied


def may_act(mandate: Mandate, companion: User) -> bool:
    """The companion whom it names, and nobody of their organisation in their place. Whether it counts now, the gate looks."""
    return companion.is_active and companion.is_companion and mandate.grant.recipient_id == companion.pk


def require_may_act(mandate: Mandate, companion: User) -> None:
    if not may_act(mandate, companion):
        raise PermissionDenied


def may_answer_contests(agent: User) -> bool:
    """The data protection officer, and nobody for them: who manages agents names them and does not read in their place."""
    return agent.is_active and agent.is_staff and agent.is_dpo


def require_may_answer_contests(agent: User) -> None:
    if not may_answer_contests(agent):
        raise PermissionDenied


def require_agent(agent: User) -> None:
    if not (agent.is_active and agent.is_staff):
        raise PermissionDenied


def may_help_at_desk(visit: DeskVisit, agent: User) -> bool:
    """Who began it, while they keep the desk, the session of that moment goes on and nobody has claimed the vault since. Whether its grant
    counts, the gate looks."""
    session = Session.objects.going_on(timezone.now()).filter(pk=visit.session_id, user=agent)
    return keeps_desk(agent) and visit.grant.recipient_id == agent.pk and session.exists() and not visit.is_claimed_since()


def require_may_help_at_desk(visit: DeskVisit, agent: User) -> None:
    if not may_help_at_desk(visit, agent):
        raise PermissionDenied


def may_read_register(agent: User) -> bool:
    """The list of emergency accesses: the data protection officer's, and of those who manage agents."""
    return agent.is_active and agent.is_staff and (agent.is_dpo or agent.is_superuser)


def may_download(paper: Paper, person: UUID) -> bool:
    """A file in quarantine is not handed out: it has not been checked yet."""
    return may_write(paper.resident_id, person) and paper.state in {PaperState.TO_CONFIRM, PaperState.KEPT}


def may_agree_with(role: HouseholdRole | None, me: Member, other: Member) -> bool:
    """Both in the same household today, and both in the role that the agreement is for."""
    together = me.household_id == other.household_id and me.left_at is None and other.left_at is None
    return together and (role is None or me.role == other.role == role)


def may_pull(connection: Connection, *, unattended: bool) -> bool:
    """A holder is asked while the resident's agreement lasts; without them, only if they said so, or to end a pull that they asked for.

    Judged when the pull runs, and again before each writing.
    """
    if connection.state != ConnectionState.ACTIVE or connection.over:
        return False
    return not unattended or connection.unattended or connection.unfinished
