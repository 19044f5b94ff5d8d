"""Who may answer what residents contest."""

from django.core.exceptions import PermissionDenied

from accounts.models import User


def may_answer_contests(agent: User) -> bool:
    """The data protection officer, and nobody for them: who manages agents names them and does not read in their place."""
    return agent.is_active and agent.is_staff and agent.is_dpo


def require_may_answer_contests(agent: User) -> None:
    if not may_answer_contests(agent):
        raise PermissionDenied
