"""Residents are told by e-mail, once and without a name, that the city stopped a service to which they agreed."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from accounts.actions import accounts
from certification.labels import recipient
from certification.labels.actions import labels, resident_notices, withdrawing
from certification.labels.enums import Change
from certification.labels.models import Notice
from certification.labels.tasks import notify
from core.messages import mails
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.certification.made import given, version_of
from vault.records.actions import grants

pytestmark = pytest.mark.django_db(transaction=True)


def told(mailoutbox):
    before = len(mailoutbox)
    resident_notices.send_due()
    return {mail.to[0] for mail in mailoutbox[before:]}


def suspend(label):
    return labels.suspend(label=label, by=AgentFactory(), reasons="Une fuite est signalée.")


def test_those_with_an_active_agreement_are_told_once_and_others_are_not(label, resident, mailoutbox):
    quiet, gone, other = (ResidentFactory() for _ in range(3))
    accounts.choose_reminders(user=quiet, by_email=False)
    version = version_of(label)
    for one in (resident, quiet):
        given(one, version)
    stopped = given(gone, version)
    with scope(resident=gone.pk):
        grants.stop(grant=stopped, by=gone.pk)
    assert told(mailoutbox) == set(), "the label is in force"
    suspend(label)
    assert told(mailoutbox) == {resident.email}
    words = mailoutbox[-1].subject + mailoutbox[-1].body
    assert "service" in words and "Open my vault" in words
    assert not any(name in words for name in (label.service.name, label.number, "fuite", resident.name))
    assert told(mailoutbox) == set()
    assert not any(str(resident.pk)[:8] in one.mark for one in Notice.objects.all())
    notify()
    assert [mail.to for mail in mailoutbox].count([resident.email]) == 1
    assert other.email not in {mail.to[0] for mail in mailoutbox}


def test_lifted_then_suspended_again_or_withdrawn_is_told_again(label, resident, mailoutbox):
    given(resident, version_of(label))
    first, second = AgentFactory(), AgentFactory()
    suspend(label)
    assert told(mailoutbox) == {resident.email}
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="La fuite est fermée.")
    labels.decide_change(change=change, by=second, agree=True)
    assert told(mailoutbox) == set()
    label.refresh_from_db()
    suspend(label)
    assert told(mailoutbox) == {resident.email}


def test_a_withdrawal_is_told_once_whether_or_not_the_agreement_has_ended_meanwhile(label, resident, mailoutbox):
    given(resident, version_of(label))
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend.")
    labels.answer_change(change=change, by=label.accepted_by, text="Non.")
    change.refresh_from_db()
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    withdrawing.end_grants()
    assert told(mailoutbox) == {resident.email}
    assert told(mailoutbox) == set()


def test_what_another_label_still_allows_is_not_told(label, resident, mailoutbox, monkeypatch):
    """Whether a grant is halted is asked of the same function as its page asks."""
    given(resident, version_of(label))
    suspend(label)
    monkeypatch.setattr(recipient, "halts", lambda grants: {})
    assert told(mailoutbox) == set()


def test_what_is_older_than_a_week_is_told_to_nobody(label, resident, mailoutbox):
    given(resident, version_of(label))
    suspend(label)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert told(mailoutbox) == set()


def test_an_address_that_the_server_refuses_keeps_nothing_from_the_others(label, resident, mailoutbox, monkeypatch):
    other, sent = ResidentFactory(), []
    for one in (resident, other):
        given(one, version_of(label))
    suspend(label)

    def send(template, *, to, **_more):
        sent.extend(to)
        if to == [resident.email]:
            raise mails.NotSent from SMTPRecipientsRefused({})

    monkeypatch.setattr(mails, "send", send)
    resident_notices.send_due()
    assert set(sent) == {resident.email, other.email}
    sent.clear()
    resident_notices.send_due()
    assert sent == [resident.email], "the refused one is tried again"
