"""The few questions that an agent's page may ask about emergency accesses. Across vaults, at rows only, never a value."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import User
from vault.records.models import Grant
from vault.sharing.models import EmergencyAccess

#: What an agent's own list goes back to.
RECENT = timedelta(days=7)


def asked_by(agent: User) -> list[EmergencyAccess]:
    with scopes_disabled():
        found = EmergencyAccess.objects.filter(asked_by=agent.pk, created_at__gt=timezone.now() - RECENT)
        return list(found.select_related("grant"))


def to_decide(agent: User) -> list[EmergencyAccess]:
    """Those of others, that wait."""
    with scopes_disabled():
        return list(EmergencyAccess.objects.waiting().exclude(asked_by=agent.pk).exclude(resident_id=agent.pk))


def find_to_decide(agent: User, access_id: UUID) -> EmergencyAccess | None:
    return next((access for access in to_decide(agent) if access.pk == access_id), None)


def find_open(agent: User, access_id: UUID) -> EmergencyAccess | None:
    """Only for the agent who asked, while it counts: judged now."""
    with scopes_disabled():
        found = EmergencyAccess.objects.filter(pk=access_id, asked_by=agent.pk, grant__in=Grant.objects.active())
        return found.select_related("grant").first()
