"""What a resident does with their own journal: take a copy of it. And what the rule does: lines go when they have lasted their time."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from core import journal
from vault.journal import across, copies
from vault.journal.enums import CopyFormat
from vault.journal.models import Alerts
from vault.records import perms

COPY = gettext_noop("Garder une copie de votre journal")
#: How long before their first lines go residents are told, and how long after they may be told again.
AHEAD = timedelta(days=30)
YEAR = timedelta(days=365)


def copy_journal(*, resident_id: UUID, by: UUID, form: CopyFormat) -> bytes:
    """The whole journal; as a PDF, its last lines. Its own line is written first, so that it is in the copy.

    Raises:
        core.pdf.apart.NotDrawn
    """
    perms.require_may_write(resident_id, by)
    with transaction.atomic():
        journal.write(
            resident_id=resident_id, actor_id=by, event="journal_copied", purpose=COPY, details={"format": form}
        )
    with scope(resident=resident_id):
        return copies.make(resident_id, form)


def purge() -> int | None:
    """What is contested stays until it is answered. None: that takes the owner of the tables."""
    return journal.purge(keep=across.contested_entries())


def notify_journal_purge() -> int:
    """Tell residents, once a year, a month before the first of their lines goes: in time to take a copy. Called by the scheduler."""
    now = timezone.now()
    due = across.residents_with_old_entries(before=now - journal.KEPT + AHEAD, notified_before=now - YEAR)
    return sum(_notify_purge(resident_id, now) for resident_id in due)


def _notify_purge(resident_id: UUID, now: datetime) -> bool:
    """It is sent before the row is committed, so that a mail server that is down is tried again."""
    with transaction.atomic(), scope(resident=resident_id):
        Alerts.objects.bulk_create([Alerts(resident_id=resident_id)], ignore_conflicts=True)
        free = Alerts.objects.select_for_update(skip_locked=True)
        held = free.filter(Q(ageing_told_at=None) | Q(ageing_told_at__lte=now - YEAR)).first()
        if held is None:
            return False
        held.ageing_told_at = now
        held.save(update_fields=["ageing_told_at"])
        return reminding.remind(user_id=resident_id, template="journal/email/journal_ageing")
