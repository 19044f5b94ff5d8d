"""E-mails about requests and labels: who is told what, once, and nothing that is old."""

from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from django.utils import timezone

from accounts.models import PublisherMember, PublisherRole
from certification.labels.actions import labels, notices, requests
from certification.labels.enums import Change, Told
from certification.labels.models import Label, LabelRequest, Notice
from core.messages import mails
from tests.accounts.factories import AgentFactory
from tests.certification.made import SIRETS, charter, filled, labelled, member, proposed, publisher

pytestmark = pytest.mark.django_db(transaction=True)


def told(mailoutbox):
    """Send what is due, and return each e-mail's French subject with its recipients."""
    before = len(mailoutbox)
    notices.send_due()
    return {mail.subject.partition(" / ")[0]: sorted(mail.to) for mail in mailoutbox[before:]}


def test_agents_are_told_of_a_new_request_once_and_never_one_of_the_publisher(owner, one, house, mailoutbox):
    agent, new = AgentFactory(), AgentFactory(new=True)
    ours = AgentFactory()
    PublisherMember.objects.create(person=ours, publisher=house, ended_at=timezone.now())
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    [to] = told(mailoutbox).values()
    assert agent.email in to
    assert told(mailoutbox) == {}
    assert new.email not in to and ours.email not in to


def test_the_publisher_is_told_of_complements_and_the_agent_of_the_answer(owner, one, house, mailoutbox):
    agent = AgentFactory()
    developer = member(house, PublisherRole.DEVELOPER)
    outsider = member(publisher("Autre", SIRETS[1]))
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=agent)
    told(mailoutbox)
    requests.ask_complements(request=request, by=agent, text="Où sont les sauvegardes ?")
    members = sorted([owner.email, developer.email])
    assert told(mailoutbox) == {"La ville demande un complément": members}
    assert "sauvegardes" not in mailoutbox[-1].body and outsider.email not in mailoutbox[-1].to
    requests.submit(request=request, by=owner)
    assert told(mailoutbox) == {"L’éditeur a répondu": [agent.email]}
    requests.ask_complements(request=request, by=agent, text="Et qui les lit ?")
    assert told(mailoutbox) == {"La ville demande un complément": members}


def test_each_message_is_told_to_the_other_side(owner, one, mailoutbox):
    agent = AgentFactory()
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=agent)
    requests.write_message(request=request, by=owner, text="Bonjour.")
    assert told(mailoutbox) == {"Un message sur la demande d’un service": [agent.email]}
    requests.write_message(request=request, by=agent, text="Bonjour.")
    assert told(mailoutbox) == {"Un message sur la demande d’un service": [owner.email]}


def test_the_decision_is_told_and_who_proposed_is_not_asked_to_decide(owner, one, mailoutbox):
    first, second = AgentFactory(), AgentFactory()
    request = proposed(owner, one, first)
    asked = told(mailoutbox)["Une décision vous attend"]
    assert second.email in asked and first.email not in asked
    requests.refuse(request=request, by=second, reasons="Elle revend (C07).", remedies="Corrigez, puis redemandez.")
    assert told(mailoutbox) == {"La ville a décidé de votre demande": [owner.email]}
    assert "refusée" in mailoutbox[-1].body and "C07" not in mailoutbox[-1].body


def test_a_suspension_and_what_two_agents_decide_are_told(owner, one, mailoutbox):
    label = labelled(owner, one)
    first, second = AgentFactory(), AgentFactory()
    told(mailoutbox)
    labels.suspend(label=label, by=first, reasons="Une faille.")
    assert told(mailoutbox) == {"Votre service est suspendu": [owner.email]}
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Corrigée.")
    assert first.email not in told(mailoutbox)["Une décision vous attend"]
    labels.decide_change(change=change, by=second, agree=True)
    assert told(mailoutbox) == {"La suspension de votre service est levée": [owner.email]}
    labels.suspend(label=label, by=first, reasons="Encore.")
    assert told(mailoutbox) == {"Votre service est suspendu": [owner.email]}


def test_the_end_of_a_label_is_told_at_60_30_and_7_days(owner, one, mailoutbox):
    labelled(owner, one)
    told(mailoutbox)
    for days, expected in ((61, 0), (60, 1), (59, 0), (30, 1), (8, 0), (7, 1), (1, 0)):
        with time_machine.travel(Label.objects.get().valid_until - timedelta(days=days, minutes=-1), tick=False):
            assert len(told(mailoutbox)) == expected, days
    told_at = Notice.objects.filter(what=Told.ENDING).order_by("at")
    assert list(told_at.values_list("mark", flat=True)) == ["60", "30", "7"]


def test_the_end_is_not_told_once_a_renewal_was_sent(owner, one, mailoutbox):
    label = labelled(owner, one)
    told(mailoutbox)
    renewal = requests.start(service=one, by=owner)
    with time_machine.travel(label.valid_until - timedelta(days=20), tick=False):
        requests.submit(request=renewal, by=owner)
        assert "Ce que la ville vous a accordé se termine bientôt" not in told(mailoutbox)


def test_a_draft_is_reminded_after_14_and_30_days_and_not_later(owner, one, mailoutbox):
    charter()
    request = requests.start(service=one, by=owner)
    for days, expected in ((13, 0), (14, 1), (16, 0), (29, 0), (30, 1), (33, 0), (90, 0)):
        with time_machine.travel(request.created_at + timedelta(days=days, minutes=1), tick=False):
            assert len(told(mailoutbox)) == expected, days


def test_the_law_s_deadline_is_told_to_agents_also_while_the_clock_is_stopped(owner, one, mailoutbox):
    agent = AgentFactory()
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=agent)
    requests.ask_complements(request=request, by=agent, text="Dites-en plus.")
    told(mailoutbox)
    with time_machine.travel(timezone.now() + timedelta(days=50), tick=False):
        assert agent.email in told(mailoutbox)["La demande d’un service approche du délai légal"]


def test_the_legal_deadline_is_two_months_to_the_day():
    sent = timezone.make_aware(datetime(2026, 12, 31, 12))
    legal = LabelRequest(submitted_at=sent).legal_deadline
    assert legal is not None and legal.date().isoformat() == "2027-02-28"


def test_what_happened_long_ago_is_told_to_nobody(owner, one, mailoutbox):
    label = labelled(owner, one)
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    with time_machine.travel(timezone.now() + timedelta(days=20), tick=False):
        assert told(mailoutbox) == {}
    assert Label.objects.get().suspended_at is not None


def test_an_email_that_did_not_leave_is_tried_again(owner, one, mailoutbox, monkeypatch):
    AgentFactory()
    request = filled(owner, one)
    requests.submit(request=request, by=owner)

    def refuse(*_args, **_options):
        raise mails.NotSent

    with monkeypatch.context() as patch:
        patch.setattr(mails, "send", refuse)
        with pytest.raises(mails.NotSent):
            notices.send_due()
    assert not Notice.objects.exists()
    assert len(told(mailoutbox)) == 1


def test_an_address_that_the_server_refuses_keeps_nothing_from_the_others(owner, one, mailoutbox, monkeypatch):
    agent = AgentFactory()
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=agent)
    requests.ask_complements(request=request, by=agent, text="Et qui les lit ?")
    requests.write_message(request=request, by=owner, text="Bonjour.")
    send = mails.send

    def refuse(template, *, to, **options):
        if owner.email in to:
            raise mails.NotSent from SMTPRecipientsRefused({owner.email: (550, b"")})
        send(template, to=to, **options)

    with monkeypatch.context() as patch:
        patch.setattr(mails, "send", refuse)
        assert told(mailoutbox) == {"Un message sur la demande d’un service": [agent.email]}
    assert told(mailoutbox) == {"La ville demande un complément": [owner.email]}
