"""E-mails to the authors of posts: set aside by an agent, or an appeal decided. They name neither post nor debate."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from campaigns.debates import across
from campaigns.debates.models import Moderation
from core.database import locks

#: What is older is told to nobody: the portal was stopped, and its pages say it.
RECENT = timedelta(days=7)


def notify_authors() -> int:
    """Tell each author once. Return how many e-mails left; one that fails is tried again. Called by the scheduler."""
    return sum(_notify(*due) for due in across.authors_to_notify(timezone.now() - RECENT))


def _notify(moderation_id: UUID, resident_id: UUID) -> bool:
    """Tell one author of the last step, which says the ones before.

    No row is locked while the e-mail leaves: with a mail server that hangs, the author's appeal would wait for it.
    """
    with scope(resident=resident_id), locks.alone("notice of moderation", moderation_id) as is_free:
        if not is_free:
            return False
        told = Moderation.objects.filter(pk=moderation_id).first()
        if told is None or (told.answer_notified_at if told.decided_at else told.notified_at) is not None:
            return False
        template = "appeal_decided" if told.decided_at else "set_aside"
        sent = reminding.remind(user_id=resident_id, template=f"debates/email/{template}")
        with transaction.atomic():
            # Read again: the author may have appealed, or an agent decided, while the e-mail left.
            held = Moderation.objects.select_for_update(of=("self",)).get(pk=moderation_id)
            held.notified_at = held.notified_at or timezone.now()
            held.answer_notified_at = timezone.now() if told.decided_at else None
            held.save(update_fields=["notified_at", "answer_notified_at"])
        return sent
