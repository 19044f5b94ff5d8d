"""E-mails to the authors of posts: set aside by an agent, or an appeal decided. They name neither post nor debate."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from campaigns.debates import across
from campaigns.debates.models import Moderation

#: What is older is told to nobody: the portal was stopped, and its pages say it.
RECENT = timedelta(days=7)


def notify_authors() -> int:
    """Tell each author once. Return how many e-mails left; one that fails is tried again. Called by the scheduler."""
    return sum(_notify(*due) for due in across.authors_to_notify(timezone.now() - RECENT))


def _notify(moderation_id: UUID, resident_id: UUID) -> bool:
    """Tell one author of the last step, which says the ones before."""
    with scope(resident=resident_id), transaction.atomic():
        held = Moderation.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=moderation_id).first()
        if held is None:
            return False
        step = "answer_notified_at" if held.decided_at else "notified_at"
        if getattr(held, step) is not None:
            return False
        held.notified_at = held.notified_at or timezone.now()
        held.answer_notified_at = timezone.now() if held.decided_at else None
        held.save(update_fields=["notified_at", "answer_notified_at"])
        template = "appeal_decided" if held.decided_at else "set_aside"
        return reminding.remind(user_id=resident_id, template=f"debates/email/{template}")
