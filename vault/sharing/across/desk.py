"""Desk visits, for the agent's pages and the scheduler."""

from uuid import UUID

from django_scopes import scopes_disabled

from accounts.models import Session, User
from accounts.perms import keeps_desk
from core.models.rows import check
from vault.records.models import Grant
from vault.sharing.models import DeskVisit
from vault.sharing.models.desk import DESK_KIND


def live(agent: User, session: Session) -> list[DeskVisit]:
    """Return the agent's active visits begun in this session, newest first.

    A visit begun in another browser, or to a vault claimed since, is left out. An agent who no longer keeps the desk
    has none.
    """
    if not keeps_desk(agent):
        return []
    with scopes_disabled():
        active = Grant.objects.active().given_to(DESK_KIND, agent.pk)
        found = DeskVisit.objects.filter(grant__in=active, session_id=session.pk)
        return [
            visit for visit in found.select_related("grant").order_by("-created_at") if not visit.is_claimed_since()
        ]


def find(agent: User, session: Session, visit_id: UUID) -> DeskVisit | None:
    """Return an active visit of this agent.

    Raises:
        Forged: the portal did not write it as it is.
    """
    found = next((visit for visit in live(agent, session) if visit.pk == visit_id), None)
    if found is not None:
        check(found, found.grant, locked=False)
    return found


def others(agent: User, visit: DeskVisit) -> list[DeskVisit]:
    """Return the agent's other visits that have not ended, begun in any browser."""
    with scopes_disabled():
        standing = Grant.objects.standing().given_to(DESK_KIND, agent.pk)
        return list(DeskVisit.objects.filter(grant__in=standing).exclude(pk=visit.pk).select_related("grant"))


def of_form(token: UUID) -> DeskVisit | None:
    with scopes_disabled():
        return DeskVisit.objects.filter(token=token).select_related("grant").first()


def standing() -> list[DeskVisit]:
    with scopes_disabled():
        return list(DeskVisit.objects.filter(grant__in=Grant.objects.standing()).select_related("grant"))
