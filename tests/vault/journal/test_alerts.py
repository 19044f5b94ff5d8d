"""Journal alerts: sent for the chosen kinds of entry, once, without saying what happened."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.vault.couples import granted
from vault.journal.actions.alerts import choose_alerts, send_journal_alerts
from vault.journal.models import Alerts
from vault.records import gate

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"


def choose(resident, *, readings=False, refusals=False):
    return choose_alerts(resident_id=resident.pk, by=resident.pk, readings=readings, refusals=refusals)


def read(resident):
    gate.read(grant=granted(resident, INCOME), fields=[INCOME])


def refused(resident):
    with pytest.raises(gate.Refused):
        gate.read(grant=granted(resident, INCOME, stopped_at=timezone.now()), fields=[INCOME])


def act(resident, event):
    with transaction.atomic():
        journal.write(resident_id=resident.pk, actor_id=resident.pk, event=event, purpose="Essayer")


def test_no_alert_is_preselected_or_sent_by_default(browser, resident):
    assert " checked" not in browser.get(reverse("journal:alerts")).content.decode()
    read(resident)
    refused(resident)
    assert send_journal_alerts() == 0
    assert mail.outbox == []


def test_a_choice_is_stored_shown_and_journalled(browser, resident):
    assert browser.post(reverse("journal:alerts"), {"wanted": ["refusals"]}).status_code == 302
    shown = browser.get(reverse("journal:alerts")).content.decode()
    assert shown.count(" checked") == 1
    with scope(resident=resident.pk):
        held = Alerts.objects.get()
    assert (held.readings, held.refusals) == (False, True)
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "alerts_chosen"
    browser.post(reverse("journal:alerts"), {})
    with scope(resident=resident.pk):
        assert not Alerts.objects.get().refusals


def test_a_reading_by_another_sends_one_alert(resident):
    choose(resident, readings=True)
    read(resident)
    assert send_journal_alerts() == 1
    assert send_journal_alerts() == 0
    (sent,) = mail.outbox
    assert sent.to == [resident.email]
    assert "Paul" not in f"{sent.subject} {sent.body}"
    assert "Essayer" not in sent.body
    assert "Du nouveau dans votre journal" in sent.subject


def test_a_refusal_alerts_only_residents_who_chose_refusals(resident, stranger):
    choose(resident, refusals=True)
    choose(stranger, readings=True)
    refused(resident)
    refused(stranger)
    assert send_journal_alerts() == 1
    assert [message.to for message in mail.outbox] == [[resident.email]]


def test_the_residents_own_acts_send_no_alert(resident):
    choose(resident, readings=True, refusals=True)
    act(resident, "read")
    act(resident, "file_opened")
    assert send_journal_alerts() == 0


def test_entries_before_the_choice_send_no_alert(resident):
    read(resident)
    choose(resident, readings=True)
    assert send_journal_alerts() == 0


def test_hourly_readings_send_one_message_a_day(resident, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    choose(resident, readings=True)
    grant = granted(resident, INCOME, starts_at=start - timedelta(hours=1), ends_at=start + timedelta(days=20))
    for hour in range(30):
        time_machine.move_to(start + timedelta(hours=hour), tick=False)
        gate.read(grant=grant, fields=[INCOME])
        send_journal_alerts()
    assert len(mail.outbox) == 2


def test_a_failed_message_is_sent_again(resident, monkeypatch):
    choose(resident, readings=True)
    read(resident)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_journal_alerts()
    assert send_journal_alerts() == 1


def test_a_reading_event_is_recognised_by_its_code(resident):
    choose(resident, readings=True)
    with transaction.atomic():
        journal.write(resident_id=resident.pk, actor_id=uuid4(), event="link_opened", purpose="Voir")
    assert send_journal_alerts() == 1


def test_an_entry_without_its_key_sends_no_alert(resident):
    from core.models import ResidentKey

    choose(resident, readings=True)
    read(resident)
    with scope(resident=resident.pk):
        ResidentKey.objects.all().delete()
    assert send_journal_alerts() == 0
