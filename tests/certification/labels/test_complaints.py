"""Complaints about a service: read by agents without a name, answered, and told by the register if they are upheld."""

import io
import json
import zipfile
from contextlib import suppress

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django_scopes import scope

from accounts.models import PublisherMember
from certification.labels import across, leaving
from certification.labels.actions import complaints
from certification.labels.models import Complaint
from certification.labels.states import NotNow
from core import journal
from core.files.storage import sealed_storage
from core.journal import register
from core.models import RegisterEntry
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.at_once import at_once
from tests.certification.made import labelled, member, service
from tests.vault.lived import exported

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "Il m’a demandé mon salaire."
ABOUT = Complaint.About.ASKS_MORE


@pytest.fixture
def label(house):
    owner = member(house)
    return labelled(owner, service(owner, house))


@pytest.fixture
def sent(resident, label):
    return complaints.complain(
        resident_id=resident.pk, by=resident.pk, service=label.service, about=ABOUT, message=SAID
    )


def events(resident):
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def test_a_resident_tells_and_reads_the_answer(resident, label, mailoutbox):
    mine, theirs = signed_in(resident), signed_in(AgentFactory())
    url = reverse("labels:complain", args=[label.service_id])
    page = mine.get(url).content.decode()
    assert "ne saura pas que c’est vous" in page and "checked" not in page
    mine.post(url, {"about": "asks_more", "message": SAID})
    with scope(resident=resident.pk):
        found = Complaint.objects.get()
    asked = reverse("labels:answer_complaint", args=[found.pk])
    assert asked in theirs.get(reverse("labels:inbox")).content.decode()
    page = theirs.get(asked).content.decode()
    assert SAID in page and resident.name not in page and str(resident.pk) not in page
    theirs.post(asked, {"text": "Il l’a retiré.", "upheld": "Il demandait un salaire en trop. Corrigé."})
    assert theirs.get(asked).status_code == 404
    from certification.labels import tasks

    tasks.notify()
    tasks.notify()
    told = [mail for mail in mailoutbox if mail.to == [resident.email]]
    assert len(told) == 1 and "Loyer Juste" not in told[0].body
    page = mine.get(reverse("labels:complaint", args=[found.pk])).content.decode()
    assert SAID in page and "Il l’a retiré." in page
    assert "Répondu" in mine.get(reverse("labels:complaints")).content.decode()
    history = mine.get(reverse("labels:label", args=[label.number])).content.decode()
    assert "Il demandait un salaire en trop." in history


def test_the_message_is_sealed_and_the_register_has_no_word_of_it(resident, sent, label):
    with scope(resident=resident.pk):
        assert SAID.encode() not in bytes(Complaint.objects.get().content)
    complaints.answer(complaint=sent, by=AgentFactory(), text="Corrigé.", upheld="")
    assert SAID not in str([entry.content for entry in RegisterEntry.objects.all()])
    assert "complaint_upheld" not in [entry.event for entry in register.of("label", label.service_id)]


def test_each_reading_by_an_agent_is_in_the_residents_journal(resident, sent):
    complaints.read(complaint=sent, by=AgentFactory())
    assert {"complaint_sent", "complaint_read"} <= set(events(resident))
    page = signed_in(resident).get(reverse("journal:journal")).content.decode()
    assert "sans votre nom" in page and "Loyer Juste" in page


def test_the_publishers_people_read_no_complaint(resident, sent, house):
    turned = AgentFactory()
    PublisherMember.objects.create(person=turned, publisher=house, ended_at=sent.created_at)
    author = house.members.filter(ended_at=None).get().person
    for person in (turned, author, resident, ResidentFactory()):
        with pytest.raises(PermissionDenied):
            complaints.read(complaint=sent, by=person)
        with pytest.raises(PermissionDenied):
            complaints.answer(complaint=sent, by=person, text="Non.")
    url = reverse("labels:answer_complaint", args=[sent.pk])
    assert signed_in(turned).get(url).status_code == 403
    assert url not in signed_in(turned).get(reverse("labels:inbox")).content.decode()
    assert signed_in(author).get(url).status_code == 403
    assert signed_in(resident).get(url).status_code == 403


def test_another_residents_complaint_is_not_found(sent, label):
    other = signed_in(ResidentFactory())
    assert other.get(reverse("labels:complaint", args=[sent.pk])).status_code == 404
    assert "Loyer Juste" not in other.get(reverse("labels:complaints")).content.decode()
    assert label.number


def test_a_visitor_signs_in_first_and_an_unknown_service_is_not_found(client, label, resident):
    assert client.get(reverse("labels:complain", args=[label.service_id])).status_code == 302
    owner = label.service.publisher.members.get().person
    unknown = service(owner, label.service.publisher, "Sans label")
    assert signed_in(resident).get(reverse("labels:complain", args=[unknown.pk])).status_code == 404


def test_an_answer_does_not_change_and_a_resident_has_three_open_ones_at_most(resident, sent, label):
    complaints.answer(complaint=sent, by=AgentFactory(), text="Corrigé.")
    with pytest.raises(NotNow):
        complaints.answer(complaint=sent, by=AgentFactory(), text="Autre.")
    for _time in range(complaints.MOST):
        complaints.complain(resident_id=resident.pk, by=resident.pk, service=label.service, about=ABOUT, message=SAID)
    with pytest.raises(complaints.TooMany):
        complaints.complain(resident_id=resident.pk, by=resident.pk, service=label.service, about=ABOUT, message=SAID)
    assert len(across.open_complaints()) == complaints.MOST


def test_the_database_refuses_an_answer_by_nobody(resident, sent):
    refused = pytest.raises(IntegrityError, match="answered_by_somebody")
    with scope(resident=resident.pk), refused, transaction.atomic():
        Complaint.objects.filter(pk=sent.pk).update(upheld=True)


def test_a_resident_takes_complaints_away_and_leaves_none_behind(resident, sent):
    export = exported(resident)
    with sealed_storage.open(export.stored_name, resident_id=resident.pk, kind=export.FILE) as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    [found] = json.loads(archive.read("signalements.json"))
    assert found["content"]["message"] == SAID
    with scope(resident=resident.pk):
        leaving.erase(resident.pk)
        assert not Complaint.objects.exists()


def test_complaints_sent_at_once_are_counted_one_after_the_other(resident, label):
    def complain():
        with suppress(complaints.TooMany):
            complaints.complain(
                resident_id=resident.pk, by=resident.pk, service=label.service, about=ABOUT, message=SAID
            )

    at_once(complain, times=complaints.MOST + 3)
    with scope(resident=resident.pk):
        assert Complaint.objects.count() == complaints.MOST
