"""Warn residents whose dossier is not sent that its procedure closes soon: 7 days before, then 2, at most once."""

import logging
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from core import journal
from core.messages.mails import NotSent
from services.dossiers import across, recipients, sent
from services.dossiers.actions.dossiers import PREPARE
from services.dossiers.models import Dossier
from services.procedures import finding

logger = logging.getLogger(__name__)

#: How many days before, the nearest first: a scheduler that was stopped tells the nearest only.
DAYS: Final = (2, 7)
TEMPLATE: Final = "dossiers/email/closing"


def warn() -> int:
    """Warn of the procedures that close within a week. The message names none: others may see it. Idempotent."""
    today, done = timezone.localdate(), 0
    dates = finding.closing(today, today + timedelta(days=max(DAYS)))
    waiting = across.for_procedures(dates)
    gone = sent.among([key for key, _resident, _codes, _told in waiting])
    for key, resident_id, codes, warned in waiting:
        last = min(dates[code] for code in codes if code in dates)
        days = next(count for count in DAYS if (last - today).days <= count)
        if key not in gone and not _is_told(warned, last, days):
            try:
                done += _warn(key, resident_id, last, days)
            except NotSent:
                logger.warning("a closing date was not told: the next hour tries again")
    return done


def _is_told(warned: str, last: date, days: int) -> bool:
    when, _colon, count = warned.partition(":")
    return when == last.isoformat() and int(count) <= days


def _warn(key: UUID, resident_id: UUID, last: date, days: int) -> bool:
    """Tell at most once: the mark is committed before the message. A worker killed between both leaves a message that
    may have left, and the dossier's page says the date.
    """
    mark = f"{last.isoformat()}:{days}"
    former = _mark(key, resident_id, last, days, mark)
    if former is None:
        return False
    try:
        reminding.remind(user_id=resident_id, template=TEMPLATE)
    except NotSent:
        with scope(resident=resident_id):
            Dossier.objects.filter(pk=key, closing_told=mark).update(closing_told=former)
        raise
    with scope(resident=resident_id), transaction.atomic():
        row = Dossier.objects.filter(pk=key).first()
        details = {"number": row.number, "recipient": recipients.of(row)} if row else {}
        journal.write(
            resident_id=resident_id, actor_id=resident_id, event="dossier_closing", purpose=PREPARE, details=details
        )
    return True


def _mark(key: UUID, resident_id: UUID, last: date, days: int, mark: str) -> str | None:
    """Note that the message leaves now. Return what was noted before, or None if another worker was first."""
    with scope(resident=resident_id), transaction.atomic(durable=True):
        row = Dossier.objects.select_for_update(of=("self",)).filter(pk=key).first()
        if row is None or _is_told(row.closing_told, last, days):
            return None
        former, row.closing_told = row.closing_told, mark
        row.save(update_fields=["closing_told"])
    return former
