"""The few questions that a companion's page may ask about residents: who entrusted them with something that counts now.

Everything else starts from the scope. Here only rows that name the companion are looked at, never a value; a mandate that is paused, over,
stopped, or given under another place than today's does not exist.
"""

from uuid import UUID

from django_scopes import scopes_disabled

from accounts.models import Membership, User
from vault.records.models import Grant
from vault.sharing.models import AccessRequest, HelpRequest, Mandate
from vault.sharing.models.mandate import COMPANION_KIND

#: How many of their requests a companion's page lists.
ASKED = 30


def live(companion: User) -> list[Mandate]:
    """Those under which this companion may act now, the one that ends first on top."""
    with scopes_disabled():
        active = Grant.objects.active().given_to(COMPANION_KIND, companion.pk)
        places = Membership.objects.current().filter(person=companion)
        found = Mandate.objects.filter(grant__in=active, membership_id__in=places.values("pk"))
        return list(found.select_related("grant").order_by("grant__ends_at"))


def asked_by(companion: User) -> list[AccessRequest]:
    """What this companion asked for from where they work now, the newest first."""
    with scopes_disabled():
        places = Membership.objects.current().filter(person=companion)
        return list(AccessRequest.objects.filter(membership_id__in=places.values("pk"))[:ASKED])


def help_asked(companion: User) -> list[HelpRequest]:
    """What waits for an answer of the organisation where they work now."""
    with scopes_disabled():
        places = Membership.objects.current().filter(person=companion)
        return list(HelpRequest.objects.open().filter(organisation_id__in=places.values("organisation_id")))


def find_help(companion: User, request_id: UUID) -> HelpRequest | None:
    return next((request for request in help_asked(companion) if request.pk == request_id), None)


def find(companion: User, mandate_id: UUID) -> Mandate | None:
    return next((mandate for mandate in live(companion) if mandate.pk == mandate_id), None)
