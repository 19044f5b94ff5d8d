"""E-mail alerts about the journal, for the kinds of entry that the resident chose. No kind is preselected.

A message does not say what happened.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from core import journal
from core.models import JournalLeaf
from vault.journal import across, sentences
from vault.journal.models import Alerts
from vault.records import perms

CHOOSE = gettext_noop("Choisir vos alertes")
#: At most one message a day: hourly readings would fill a mailbox, which others may read.
INTERVAL = timedelta(days=1)


def choose_alerts(*, resident_id: UUID, by: UUID, readings: bool, refusals: bool) -> Alerts:
    """Choose the alerts. Entries written before the choice send no alert. Idempotent."""
    perms.require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        Alerts.objects.bulk_create([Alerts(resident_id=resident_id)], ignore_conflicts=True)
        held = Alerts.objects.select_for_update().get()
        if (held.readings, held.refusals) != (readings, refusals):
            held.readings, held.refusals = readings, refusals
            held.seen_number = JournalLeaf.objects.order_by("-number").values_list("number", flat=True).first() or 0
            held.save(update_fields=["readings", "refusals", "seen_number"])
            journal.write(resident_id=resident_id, actor_id=by, event="alerts_chosen", purpose=CHOOSE)
    return held


def send_journal_alerts() -> int:
    """Send each resident one alert if the journal has a new entry of a kind they chose. Called by the scheduler.

    If sending fails, the next tick tries again.
    """
    return sum(_send_alert(resident_id) for resident_id in across.residents_with_new_entries(_due()))


def _due() -> Q:
    wanted = Q(readings=True) | Q(refusals=True)
    return wanted & (Q(told_at=None) | Q(told_at__lte=timezone.now() - INTERVAL))


def _send_alert(resident_id: UUID) -> bool:
    entries: list[journal.Line] = []
    wanted = False

    def tell(alerts: Alerts) -> bool:
        nonlocal wanted
        entries.extend(journal.lines(resident_id=resident_id, after=alerts.seen_number))
        wanted = any(_is_wanted(alerts, entry) for entry in entries)
        return wanted and reminding.remind(user_id=resident_id, template="journal/email/alert", asked=True)

    def note(held: Alerts) -> None:
        if entries:
            held.seen_number = max(held.seen_number, entries[0].number)
        if wanted:
            held.told_at = timezone.now()
        held.save(update_fields=["seen_number", "told_at"])

    with scope(resident=resident_id):
        due = Alerts.objects.filter(_due())
        return reminding.once("journal alert", resident_id, due, send=tell, note=note)


def _is_wanted(alerts: Alerts, entry: journal.Line) -> bool:
    if entry.event in sentences.REFUSALS:
        return alerts.refusals
    return alerts.readings and entry.actor_id != alerts.resident_id and sentences.is_reading(entry.event)
