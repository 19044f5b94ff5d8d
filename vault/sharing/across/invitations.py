from django_scopes import scopes_disabled

from core.models.rows import check
from vault.sharing.models import Invitation


def find_open(code_hash: str, *, lock: bool = False) -> Invitation | None:
    """Return the open invitation with this code; the resident who types it does not know which vault it is from."""
    with scopes_disabled():
        found = Invitation.objects.open().filter(code_hash=code_hash)
        invitation = (found.select_for_update() if lock else found).first()
    if invitation is not None:
        check(invitation, locked=lock)
        if invitation.ended_ids:
            return None
    return invitation
