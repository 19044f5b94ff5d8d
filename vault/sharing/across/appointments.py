from django_scopes import scopes_disabled

from core.models.rows import check
from vault.sharing.models import Appointment


def find_locked(code_hash: str) -> Appointment | None:
    """Return the open appointment with this code, locked; the companion who types it does not know whose it is."""
    with scopes_disabled():
        appointment = Appointment.objects.open().filter(code_hash=code_hash).select_for_update().first()
    if appointment is not None:
        check(appointment)
    return appointment
