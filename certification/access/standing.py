"""Check that tokens may be made under a grant: it stands, and its service's label still allows it.

This reads no value and opens nothing. The gate checks the grant again in each reading, under its lock.
"""

from uuid import UUID

from django_scopes import scope

from accounts.models import User
from certification.access.enums import Environment
from certification.access.models import Client
from certification.labels import recipient
from certification.labels.enums import SERVICE_KIND
from core.models.rows import check
from vault.records.enums import Happened, RefusalCode
from vault.records.models import Grant, GrantEvent


def check_grant(grant: Grant) -> None:
    """Check a grant outside a reading.

    Call it for a person whom the client may know (`is_known_to`).

    Raises:
        Forged: the portal did not write it as it is.
    """
    with scope(resident=grant.resident_id):
        check(grant, locked=False)


def is_known_to(person: User, client: Client) -> bool:
    """Return whether a client may have to do with this person: a test client with personas, a live one with none."""
    test = client.environment == Environment.TEST
    return person.is_active and person.is_resident and person.is_persona is test


def standing(person: User, grant_id: UUID, client: Client) -> Grant | None:
    """Return the grant while it stands; a paused one stands."""
    if not is_known_to(person, client):
        return None
    with scope(resident=person.pk):
        found = Grant.objects.given_to(SERVICE_KIND, client.service_id).filter(pk=grant_id).defer("snapshot").first()
    if found is None:
        return None
    check_grant(found)
    return found if found.stands else None


def refusal(grant: Grant) -> RefusalCode | None:
    """Return why the label of a grant's service allows nothing now, or None."""
    return recipient.refusal(grant)


def why_stopped(grant: Grant) -> RefusalCode:
    """Return the code of a stopped grant: its resident stopped it, or the city withdrew the label."""
    with scope(resident=grant.resident_id):
        by_city = GrantEvent.objects.filter(grant=grant, happened=Happened.REVOKED).exists()
    return RefusalCode.WITHDRAWN if by_city else RefusalCode.STOPPED
