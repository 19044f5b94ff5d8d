"""Permission to answer contests."""

from django.core.exceptions import PermissionDenied

from accounts.models import User


def may_answer_contests(agent: User) -> bool:
    """Return True only for the data protection officer, not for the agents who appoint them."""
    return agent.is_active and agent.is_staff and agent.is_dpo


def require_may_answer_contests(agent: User) -> None:
    if not may_answer_contests(agent):
        raise PermissionDenied
