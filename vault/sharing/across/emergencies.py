"""Emergency accesses, for the agents' pages, the register and the scheduler."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import User
from vault.records.models import Grant
from vault.sharing.models import EmergencyAccess

#: How far back an agent's own list goes.
RECENT = timedelta(days=7)


def asked_by(agent: User) -> list[EmergencyAccess]:
    with scopes_disabled():
        found = EmergencyAccess.objects.filter(asked_by=agent.pk, created_at__gt=timezone.now() - RECENT)
        return list(found.select_related("grant"))


def to_decide(agent: User) -> list[EmergencyAccess]:
    """Return the waiting accesses that another agent asked for, except to this agent's own vault."""
    with scopes_disabled():
        return list(EmergencyAccess.objects.waiting().exclude(asked_by=agent.pk).exclude(resident_id=agent.pk))


def find_to_decide(agent: User, access_id: UUID) -> EmergencyAccess | None:
    return next((access for access in to_decide(agent) if access.pk == access_id), None)


def find_open(agent: User, access_id: UUID) -> EmergencyAccess | None:
    """Return an access only to the agent who asked for it, and only while its grant is active."""
    with scopes_disabled():
        found = EmergencyAccess.objects.filter(pk=access_id, asked_by=agent.pk, grant__in=Grant.objects.active())
        return found.select_related("grant").first()


def to_notify() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each access with a step that its resident was not notified of."""
    with scopes_disabled():
        return list(EmergencyAccess.objects.to_tell().values_list("pk", "resident_id"))


def register() -> QuerySet[EmergencyAccess]:
    """Return every access with its number of readings (`read`), for the register in the admin."""
    with scopes_disabled():
        return EmergencyAccess.objects.select_related("grant").annotate(read=Count("grant__readings"))
