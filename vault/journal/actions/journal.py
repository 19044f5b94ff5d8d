"""Copy a resident's journal, purge old entries and notify residents before a purge."""

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
#: How long before a purge residents are notified, and after how long they may be notified again.
AHEAD = timedelta(days=30)
YEAR = timedelta(days=365)


def copy_journal(*, resident_id: UUID, by: UUID, form: CopyFormat) -> bytes:
    """Return the whole journal, or its last entries as a PDF. The copy's own entry is written first and included.

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
    """Purge old entries, except contested ones. Return None if the database role does not own the tables."""
    return journal.purge(keep=across.contested_entries())


def notify_journal_purge() -> int:
    """Notify residents, at most once a year, a month before an entry is purged: they may take a copy first.

    Called by the scheduler.
    """
    now = timezone.now()
    due = across.residents_with_old_entries(before=now - journal.KEPT + AHEAD, notified_before=now - YEAR)
    return sum(_notify_purge(resident_id, now) for resident_id in due)


def _notify_purge(resident_id: UUID, now: datetime) -> bool:
    """Notify one resident. If the e-mail fails, the next tick tries again."""

    def tell(_alerts: Alerts) -> bool:
        return reminding.remind(user_id=resident_id, template="journal/email/journal_ageing")

    def note(held: Alerts) -> None:
        held.ageing_told_at = now
        held.save(update_fields=["ageing_told_at"])

    with scope(resident=resident_id):
        Alerts.objects.bulk_create([Alerts(resident_id=resident_id)], ignore_conflicts=True)
        due = Alerts.objects.filter(Q(ageing_told_at=None) | Q(ageing_told_at__lte=now - YEAR))
        return reminding.once("journal ageing", resident_id, due, send=tell, note=note)
