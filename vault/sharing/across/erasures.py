"""Requests to erase that name one recipient, for its program or its page."""

from uuid import UUID

from django.db.models import Q
from django_scopes import scopes_disabled

from accounts.models import User
from core import rows
from core.models.rows import Forged, check
from vault.sharing.models import ErasureRequest, Mandate
from vault.sharing.models.erasure import ErasureRequestQuerySet

#: How many one answer lists.
LISTED = 100


def open_of(
    kind: str, recipient_id: UUID, *, personas: bool = False, after: UUID | None = None
) -> list[ErasureRequest]:
    """Return the requests that wait for this recipient's answer, oldest first. What nobody of us wrote is left out.

    Args:
        personas: those of fictional residents, or those of real ones.
        after: the last one that the recipient has; one that it was never sent lists nothing.
    """
    with scopes_disabled():
        own = _of(kind, recipient_id, personas)
        wanted = own.open().select_related("grant").order_by("created_at", "pk")
        if after is not None:
            last = own.filter(pk=after).values_list("created_at", flat=True).first()
            wanted = wanted.filter(created_at__gt=last) if last else wanted.none()
        found = list(wanted[:LISTED])
    return [request for request in found if _is_genuine(request)]


def find(kind: str, recipient_id: UUID, request_id: UUID, *, personas: bool = False) -> ErasureRequest | None:
    """Return a request to this recipient, answered or not, or None.

    Raises:
        Forged: the portal did not write it as it is.
    """
    with scopes_disabled():
        own = _of(kind, recipient_id, personas)
        found = own.select_related("grant").filter(pk=request_id).first()
    if found is not None:
        check(found, found.grant, locked=False)
    return found


def called(request: ErasureRequest) -> str:
    """Return how the companion knows the resident, who may have ended the mandate since."""
    with scopes_disabled():
        return Mandate.objects.filter(grant=request.grant_id).values_list("name", flat=True).first() or ""


def _of(kind: str, recipient_id: UUID, personas: bool) -> ErasureRequestQuerySet:
    """Return the requests to a recipient. A fictional resident's are never listed with a real one's."""
    fictional = Q(resident_id__in=User.objects.filter(is_persona=True).values("pk"))
    own = ErasureRequest.objects.filter(grant__recipient_kind=kind, grant__recipient_id=recipient_id)
    return own.filter(fictional if personas else ~fictional)


def _is_genuine(request: ErasureRequest) -> bool:
    try:
        check(request, request.grant, locked=False)
    except Forged as forged:
        rows.report(forged)
        return False
    return True
