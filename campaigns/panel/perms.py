"""Rights on panels, as pure functions."""

from django.core.exceptions import PermissionDenied

from accounts.models import Membership, User
from campaigns.panel.models import Association, Panel


def require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


def association_of(person: User, panel: Panel) -> Association | None:
    """Return the association that a companion writes for beside a panel: the organisation they work for now."""
    place = Membership.objects.current().filter(person=person).first()
    if place is None:
        return None
    return panel.associations.select_related("organisation").filter(organisation_id=place.organisation_id).first()


def require_association(person: User, panel: Panel) -> Association:
    found = association_of(person, panel)
    if found is None:
        raise PermissionDenied
    return found
