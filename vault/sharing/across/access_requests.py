from uuid import UUID

from django_scopes import scopes_disabled

from vault.sharing.models import AccessRequest


def to_text() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each request that waits for a code by text message."""
    with scopes_disabled():
        return list(AccessRequest.objects.to_text().values_list("pk", "resident_id"))


def to_notify() -> list[tuple[UUID, UUID]]:
    """Return the id and the resident's id of each request whose resident was not notified yet."""
    with scopes_disabled():
        return list(AccessRequest.objects.filter(told_at=None).values_list("pk", "resident_id"))
