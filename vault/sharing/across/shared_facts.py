from collections.abc import Collection
from uuid import UUID

from django_scopes import scopes_disabled

from vault.records.models import Grant
from vault.sharing.models import SharedFact


def active_grants(grant_ids: Collection[UUID], *, giver_id: UUID) -> set[UUID]:
    """Return those of the ids that are active grants of the giver."""
    with scopes_disabled():
        active = Grant.objects.active().filter(pk__in=grant_ids, resident_id=giver_id)
        return set(active.values_list("pk", flat=True))


def leave_facts(grant_ids: Collection[UUID]) -> None:
    """Leave the copies under these grants to the recipients who hold them."""
    with scopes_disabled():
        SharedFact.objects.filter(grant_id__in=grant_ids).update(own=True)


def forget_facts(grant: Grant) -> None:
    """Delete the copies that a recipient holds, once the giver has stopped. Copies left by a parting stay."""
    with scopes_disabled():
        SharedFact.objects.filter(grant_id=grant.pk, own=False).delete()
