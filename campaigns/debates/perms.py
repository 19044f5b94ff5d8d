"""Rights in debates and votes, as pure functions."""

from django.core.exceptions import PermissionDenied

from accounts.models import User
from campaigns.debates.models import Moderation


def require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


def may_decide_appeal(person: User, moderation: Moderation) -> bool:
    """Return True for agents other than the one who set the post aside."""
    return person.is_active and person.is_staff and moderation.by_id != person.pk


def require_may_decide_appeal(person: User, moderation: Moderation) -> None:
    if not may_decide_appeal(person, moderation):
        raise PermissionDenied
