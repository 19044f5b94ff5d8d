"""Papers that come to their end: told once, before it. A paper's validity is not its retention: nothing is deleted here."""

from datetime import timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from core import journal
from vault.records import across
from vault.records.models import Paper, PaperKind

REMIND = gettext_noop("Vous prévenir avant la fin d’un papier")


def notify_expiring_papers() -> int:
    """Tell each resident once of the papers that end within their kind's notice: one message for those of the same day, no name in it.

    Called by the scheduler. Rows are locked and looked at again, so that two schedulers at once send one message; it is sent before they
    are committed, so that a mail server that is down is tried again.
    """
    return sum(_notify(resident_id) for resident_id in across.residents_with_papers(_due()))


def _notify(resident_id: UUID) -> bool:
    with scope(resident=resident_id), transaction.atomic():
        papers = list(Paper.objects.kept().filter(_due()).select_for_update(of=("self",), skip_locked=True))
        for paper in papers:
            paper.told_at = timezone.now()
            paper.save(update_fields=["told_at"])
            details = {"kind": paper.kind}
            journal.write(
                resident_id=resident_id, actor_id=resident_id, event="paper_expiring", purpose=REMIND, details=details
            )
        return bool(papers) and reminding.remind(user_id=resident_id, template="records/email/paper_expiring")


def _due() -> Q:
    """Not told, not over, within the notice of their kind. A kind without a notice is never told of: its date is on the page."""
    today = timezone.localdate()
    notices = PaperKind.objects.exclude(renewal_notice_days=None).values_list("code", "renewal_notice_days")
    within = [Q(kind=code, expires_on__lte=today + timedelta(days=days or 0)) for code, days in notices]
    return reduce(or_, within, Q(pk__in=[])) & Q(told_at=None, expires_on__gte=today)
