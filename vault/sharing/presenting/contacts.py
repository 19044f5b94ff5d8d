"""Whom a letter about a grant is for, by kind of recipient."""

from accounts.models import Membership
from core.models import City
from vault.records.grants.recipient_names import recipient_name
from vault.records.grants.recipients import Contact
from vault.records.models import Grant
from vault.sharing.models import Mandate


def of_companion(grant: Grant) -> Contact:
    """Return a companion with their organisation, as it was when the mandate was given. In the resident's scope."""
    mandates = Mandate.objects.filter(grant=grant).values("membership_id")
    place = Membership.objects.select_related("organisation").filter(pk__in=mandates).first()
    lines = [grant.recipient_label, *([place.organisation.name, place.organisation.address] if place else [])]
    return Contact(tuple(dict.fromkeys(filter(None, lines))))


def of_agent(grant: Grant) -> Contact:
    """Return the city for which an agent read."""
    city = City.current()
    lines = (city.label, city.address, city.email)
    return Contact(tuple(filter(None, lines)), city.dpo_email or city.dpo_contact)


def of_visitor(grant: Grant) -> Contact:
    """Return the person whom the resident named for a link."""
    return Contact((recipient_name(grant),))
