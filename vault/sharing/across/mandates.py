"""Mandates and requests that name a companion or their organisation, for the companion's pages.

A mandate that is paused, expired or stopped, or that was given for a former membership, is never returned.
"""

from uuid import UUID

from django_scopes import scopes_disabled

from accounts.actions import places
from accounts.models import User
from core.models.rows import check
from vault.records.models import Grant, GrantReading
from vault.sharing.models import AccessRequest, HelpRequest, Mandate, MandateAct
from vault.sharing.models.mandate import COMPANION_KIND

#: How many of their requests a companion's page lists.
ASKED = 30
#: How many of each sort of a companion's own acts are read.
ACTS = 100


def live(companion: User) -> list[Mandate]:
    """Return the mandates under which this companion may act now; the one that ends first comes first.

    Raises:
        Forged: their place, or its organisation, is not as the portal wrote it.
    """
    place = places.of_companion(companion)
    with scopes_disabled():
        active = Grant.objects.active().given_to(COMPANION_KIND, companion.pk)
        found = Mandate.objects.filter(grant__in=active, membership_id=place.pk) if place else Mandate.objects.none()
        return list(found.select_related("grant").order_by("grant__ends_at"))


def asked_by(companion: User) -> list[AccessRequest]:
    """Return the access requests that this companion made in their current membership, newest first."""
    place = places.of_companion(companion)
    with scopes_disabled():
        return list(AccessRequest.objects.filter(membership_id=place.pk)[:ASKED]) if place else []


def help_asked(companion: User) -> list[HelpRequest]:
    """Return the open help requests to the organisation where this companion works now."""
    place = places.of_companion(companion)
    with scopes_disabled():
        return list(HelpRequest.objects.open().filter(organisation_id=place.organisation_id)) if place else []


def find_help(companion: User, request_id: UUID) -> HelpRequest | None:
    found = next((request for request in help_asked(companion) if request.pk == request_id), None)
    if found is not None:
        check(found)
    return found


def find(companion: User, mandate_id: UUID) -> Mandate | None:
    """Return a mandate that is active for this companion.

    Raises:
        Forged: the resident did not give it as it is.
    """
    found = next((mandate for mandate in live(companion) if mandate.pk == mandate_id), None)
    if found is not None:
        check(found, found.grant, locked=False)
    return found


def done_by(companion: User) -> tuple[list[GrantReading], list[MandateAct]]:
    """Return the last readings of a companion and their last other acts, newest first, whatever their mandates became.

    Cost: two queries.
    """
    with scopes_disabled():
        readings = GrantReading.objects.filter(
            grant__recipient_kind=COMPANION_KIND, grant__recipient_id=companion.pk
        ).order_by("-at")
        others = MandateAct.objects.filter(grant__recipient_kind=COMPANION_KIND, grant__recipient_id=companion.pk)
        return list(readings[:ACTS]), list(others[:ACTS])
