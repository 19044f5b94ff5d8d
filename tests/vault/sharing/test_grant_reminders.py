"""Reminders of ending or unused shares: once each, on the home page and by a message that names nothing."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.messages import mails
from tests.accounts.factories import signed_in
from tests.vault.couples import TRIED, granted
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import Mode
from vault.records.grants import agreements
from vault.records.models import GrantEvent
from vault.records.tasks import close_expired_grants
from vault.sharing.models.desk import DESK_KIND
from vault.sharing.tasks import send_grant_reminders

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


def long_one(resident, days=180, **more):
    now = timezone.now()
    return granted(resident, INCOME, starts_at=now, ends_at=now + days * DAY, **more)


def noted(grant) -> list[str]:
    with scope(resident=grant.resident_id):
        return list(GrantEvent.objects.filter(grant=grant).values_list("happened", flat=True))


def at(grant, moment):
    return time_machine.travel(moment, tick=False)


def test_an_ending_share_is_noted_once_thirty_days_before(resident):
    grant = long_one(resident, last_used_at=timezone.now() + 140 * DAY)
    with at(grant, grant.ends_at - 30 * DAY - timedelta(seconds=1)):
        send_grant_reminders()
    assert noted(grant) == []
    for moment in (grant.ends_at - 30 * DAY, grant.ends_at - DAY):
        with at(grant, moment):
            send_grant_reminders()
    assert noted(grant) == ["ending"] and len(mail.outbox) == 1
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "grant_ending"
    with scope(resident=resident.pk):
        assert GrantEvent.objects.get().receipt == "", "a reminder has no receipt"


def test_the_message_names_neither_recipient_nor_data(resident):
    grant = long_one(resident, recipient_label="Claire Lemoine")
    with at(grant, grant.ends_at - DAY):
        send_grant_reminders()
    written = "".join(f"{message.subject}{message.body}" for message in mail.outbox)
    assert "Claire" not in written and "Essayer" not in written and "revenu" not in written
    assert "Un de vos partages" in written and "One of your shares" in written


def test_a_share_that_is_given_back_is_told_once_by_a_message_that_names_nothing(resident):
    grant = long_one(resident, recipient_label="Plus Juste")
    grants.give_back(grant=grant, by=grant.recipient_id)
    for _tick in range(2):
        send_grant_reminders()
    assert noted(grant) == ["returned", "told"] and len(mail.outbox) == 1
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "grant_told"
    written = f"{mail.outbox[0].subject}{mail.outbox[0].body}"
    assert "Un accord vous est rendu" in written and "Plus Juste" not in written and "revenu" not in written


@pytest.mark.parametrize("how", ["stopped", "at the desk", "long ago"])
def test_what_the_resident_did_or_saw_is_not_told_again(resident, how):
    grant = long_one(resident, **({"recipient_kind": DESK_KIND} if how == "at the desk" else {}))
    if how == "stopped":
        grants.stop(grant=grant, by=resident.pk)
    else:
        grants.give_back(grant=grant, by=grant.recipient_id)
    with at(grant, timezone.now() + timedelta(days=8 if how == "long ago" else 0)):
        send_grant_reminders()
    assert "told" not in noted(grant) and mail.outbox == []


def test_a_share_of_one_month_gets_no_reminder_of_its_end(resident):
    grant = long_one(resident, days=31)
    with at(grant, grant.ends_at - 2 * DAY):
        send_grant_reminders()
    assert noted(grant) == [] and mail.outbox == []


def test_an_unused_share_is_noted_once_after_ninety_days(resident):
    grant = long_one(resident, days=300)
    with at(grant, grant.starts_at + 90 * DAY - timedelta(seconds=1)):
        send_grant_reminders()
    assert noted(grant) == []
    for days in (90, 91, 200):
        with at(grant, grant.starts_at + days * DAY):
            send_grant_reminders()
    assert noted(grant) == ["unused"] and len(mail.outbox) == 1


def test_a_reading_restarts_the_ninety_days(resident):
    grant = long_one(resident, days=300)
    with at(grant, grant.starts_at + 60 * DAY):
        gate.read(grant=grant, fields=[INCOME])
    with at(grant, grant.starts_at + 120 * DAY):
        send_grant_reminders()
    assert noted(grant) == []


@pytest.mark.parametrize("how", ["copy", "paused", "stopped"])
def test_a_copied_paused_or_stopped_share_is_not_unused(resident, how):
    grant = long_one(resident, days=300, mode=Mode.KEEP if how == "copy" else Mode.LOOK)
    if how != "copy":
        {"paused": grants.pause, "stopped": grants.stop}[how](grant=grant, by=resident.pk)
    with at(grant, grant.starts_at + 100 * DAY):
        send_grant_reminders()
    assert "unused" not in noted(grant) and mail.outbox == []


def test_several_shares_of_one_day_make_one_message(resident):
    several = [long_one(resident) for _ in range(3)]
    with at(several[0], several[0].starts_at + 100 * DAY):
        send_grant_reminders()
    assert [noted(grant) for grant in several] == [["unused"]] * 3 and len(mail.outbox) == 1


def test_a_resident_without_reminders_still_sees_it_on_the_home_page(resident):
    resident.reminders_by_email = False
    resident.save()
    grant = long_one(resident)
    with at(grant, grant.ends_at - 20 * DAY):
        send_grant_reminders()
        assert mail.outbox == [] and "ending" in noted(grant)
        assert "Le partage avec Paul se termine le" in signed_in(resident).get("/").content.decode()


def test_two_schedulers_at_once_send_one_message(resident):
    grant = long_one(resident, last_used_at=timezone.now())

    def tick() -> None:
        try:
            send_grant_reminders()
        finally:
            connection.close()

    with time_machine.travel(grant.ends_at - 20 * DAY):
        clocks = [threading.Thread(target=tick) for _ in range(4)]
        for clock in clocks:
            clock.start()
        for clock in clocks:
            clock.join()
    assert noted(grant).count("ending") == 1
    assert sum("se termine" in message.subject for message in mail.outbox) == 1


def refuse(_message) -> None:
    raise OSError("down")


def test_a_failed_message_is_sent_again(resident, monkeypatch):
    grant = long_one(resident)
    with at(grant, grant.starts_at + 100 * DAY):
        with monkeypatch.context() as down:
            down.setattr(mail.EmailMessage, "send", refuse)
            with pytest.raises(mails.NotSent):
                send_grant_reminders()
        assert noted(grant) == []
        send_grant_reminders()
        assert noted(grant) == ["unused"]


def test_the_scheduler_notes_the_end_of_a_share(resident):
    grant = long_one(resident)
    with at(grant, grant.ends_at):
        close_expired_grants()
    assert noted(grant) == ["over"]
