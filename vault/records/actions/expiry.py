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
from core.database import locks
from vault.records import across
from vault.records.models import Paper, PaperKind

REMIND = gettext_noop("Vous prévenir avant la fin d’un papier")


def notify_expiring_papers() -> int:
    """Send each resident one reminder about the papers that expire within their kind's notice.

    The message names no paper.

    The scheduler calls this. An e-mail that fails is tried again. No paper is locked while it leaves.
    """
    return sum(_notify(resident_id) for resident_id in across.residents_with_papers(_due()))


def _notify(resident_id: UUID) -> bool:
    with scope(resident=resident_id), locks.alone("papers expiring", resident_id) as is_free:
        papers = [paper.pk for paper in Paper.objects.kept().filter(_due())] if is_free else []
        sent = bool(papers) and reminding.remind(user_id=resident_id, template="records/email/paper_expiring")
        with transaction.atomic():
            for paper in Paper.objects.kept().filter(_due(), pk__in=papers).select_for_update(of=("self",)):
                _note(paper)
        return sent


def _note(paper: Paper) -> None:
    paper.told_at = timezone.now()
    paper.save(update_fields=["told_at"])
    journal.write(
        resident_id=paper.resident_id,
        actor_id=paper.resident_id,
        event="paper_expiring",
        purpose=REMIND,
        details={"kind": paper.kind},
    )


def _due() -> Q:
    """Select the papers that expire within the notice of their kind, have not expired, and had no reminder.

    A kind without a notice never gets a reminder: its date is on the page.
    """
    today = timezone.localdate()
    within = [
        Q(kind=kind.code, expires_on__lte=today + timedelta(days=kind.renewal_notice_days))
        for kind in PaperKind.objects.all()
        if kind.renewal_notice_days is not None
    ]
    return reduce(or_, within, Q(pk__in=[])) & Q(told_at=None, expires_on__gte=today)
