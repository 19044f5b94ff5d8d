"""Reminders about papers that expire soon, sent once.

A paper's validity is not its retention: nothing is deleted here.
"""

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
    """Send each resident one reminder about the papers that expire within their kind's notice.

    The message names no paper.

    The scheduler calls this. Rows are locked and checked again, so that two schedulers at once send one message. The
    message is sent before the commit, so that a failed e-mail is tried again.
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
    """Select the papers that expire within the notice of their kind, have not expired, and had no reminder.

    A kind without a notice never gets a reminder: its date is on the page.
    """
    today = timezone.localdate()
    notices = PaperKind.objects.exclude(renewal_notice_days=None).values_list("code", "renewal_notice_days")
    within = [Q(kind=code, expires_on__lte=today + timedelta(days=days or 0)) for code, days in notices]
    return reduce(or_, within, Q(pk__in=[])) & Q(told_at=None, expires_on__gte=today)
