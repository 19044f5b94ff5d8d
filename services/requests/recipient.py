"""An office of the city as the recipient of a grant."""

from django.core.exceptions import PermissionDenied

from accounts.actions import places
from accounts.models import Organisation
from core.database import locks
from vault.records.enums import RefusalCode
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipients import Contact
from vault.records.grants.terms import Terms
from vault.records.models import Grant


def never_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Refuse to renew (`RecipientKind.give`): a resident sends a dossier on its own page.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied


def refusal(grant: Grant) -> RefusalCode | None:
    """Return that the office is closed, or receives no requests any more."""
    is_open = Organisation.objects.offices().filter(pk=grant.recipient_id).exists()
    return None if is_open else RefusalCode.STOPPED


def contact(grant: Grant) -> Contact:
    found = Organisation.objects.filter(pk=grant.recipient_id).first()
    return Contact((grant.recipient_label, found.address) if found else (grant.recipient_label,))


def lock_key(grant: Grant) -> int:
    """Return the key of the office's lock, which `places` takes to end an agent's place or close the office."""
    return locks.key(places.OFFICE_LOCK, grant.recipient_id)
