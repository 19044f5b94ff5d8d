"""Evidence: sealed under its publisher's key, opened by the agent who examines, deleted with its retention."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import PublisherRole
from certification.labels.actions import evidence as actions
from certification.labels.actions import requests
from certification.labels.models import Evidence, LabelRequest, PublisherKey
from certification.labels.models.evidence import KEEPER, PURPOSE
from core.files import antivirus, quota
from core.files.storage import keepers, keepers_of_residents, sealed_storage
from core.journal import register
from core.keys import protect
from core.keys.sealed import Unreadable
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import SIRETS, at, filled, member, publisher

pytestmark = pytest.mark.django_db(transaction=True)
CONTRACT = b"%PDF-1.4\n" + b"CLAUSE TRES SECRETE 4417\n" * 40 + b"%%EOF\n"


@pytest.fixture
def draft(owner, one):
    return filled(owner, one)


def send(browser, request, name="contrat.pdf", content=CONTRACT, title="Contrat d’hébergement"):
    return browser.post(at("evidence", request.pk), {"title": title, "file": SimpleUploadedFile(name, content)})


def examined(request, owner):
    instructor = AgentFactory()
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=instructor)
    return instructor


def openings(request):
    return [one for one in register.of("label", request.service_id) if one.event == "evidence_opened"]


def test_the_instructor_opens_what_a_publisher_sealed_and_the_register_notes_it(owner, draft):
    theirs = signed_in(owner)
    assert send(theirs, draft).status_code == 302
    [row] = Evidence.objects.all()
    assert "Contrat d’hébergement" in theirs.get(at("evidence", draft.pk)).content.decode()
    with sealed_storage.inner.open(row.stored_name) as stored:
        assert b"CLAUSE" not in stored.read()
    instructor = examined(draft, owner)
    url = at("open_evidence", draft.pk, row.pk)
    hers = signed_in(instructor)
    assert url in hers.get(at("examine", draft.pk)).content.decode()
    answer = hers.get(url)
    assert answer.getvalue() == CONTRACT
    assert answer["Content-Disposition"].startswith("attachment")
    [line] = openings(draft)
    assert line.content == {"service": draft.service.name, "request": draft.number, "sha256": row.sha256}


def test_nobody_else_opens_it(owner, house, draft, resident, client):
    send(signed_in(owner), draft)
    row = Evidence.objects.get()
    examined(draft, owner)
    url, other = at("open_evidence", draft.pk, row.pk), signed_in(AgentFactory())
    assert url not in other.get(at("examine", draft.pk)).content.decode()
    assert other.get(url).status_code == 404
    assert signed_in(owner).get(url).status_code == 403
    assert signed_in(resident).get(url).status_code == 403
    assert client.get(url).status_code == 302
    stranger = signed_in(member(publisher("Autre", SIRETS[1]), email="autre@autre.example"))
    assert stranger.get(at("evidence", draft.pk)).status_code == 404
    assert send(stranger, draft).status_code == 404
    assert send(signed_in(resident), draft).status_code == 403
    for someone in (AgentFactory(), owner, resident):
        with pytest.raises(PermissionDenied):
            actions.open_for_instructor(evidence=row, by=someone)
    assert openings(draft) == []
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("contrat.pdf", b"PK\x03\x04 un classeur", "ni un PDF, ni une photo"),
        ("contrat.docx", CONTRACT, "ne dit pas ce qu’il est"),
        ("contrat.pdf", b"\x89PNG\r\n\x1a\n" + b"0" * 60, "son contenu est PNG"),
        ("contrat.pdf", b"", "Ce fichier est vide"),
    ],
)
def test_a_renamed_file_is_refused_with_a_sentence(owner, draft, name, content, why):
    before = set(sealed_storage.names())
    answer = send(signed_in(owner), draft, name, content)
    assert answer.status_code == 400
    assert why in answer.content.decode()
    assert not Evidence.objects.exists()
    assert set(sealed_storage.names()) == before


@pytest.mark.parametrize(
    ("found", "why", "logged"),
    [
        ("Eicar-Test", "refuse ce fichier", "WARNING Eicar-Test"),
        (antivirus.OverItsLimit(), "de cette taille", "ERROR "),
        (antivirus.NotAnswering(), "ne répond pas", None),
    ],
)
def test_what_the_antivirus_refuses_is_not_kept_and_operators_read_why(
    owner, draft, settings, monkeypatch, caplog, found, why, logged
):
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    monkeypatch.setattr(antivirus, "find", Mock(side_effect=[found]))
    before = set(sealed_storage.names())
    answer = send(signed_in(owner), draft)
    assert answer.status_code == 400 and why in answer.content.decode()
    assert set(sealed_storage.names()) == before and not Evidence.objects.exists()
    lines = [line for line in caplog.records if line.name == actions.__name__]
    assert [f"{line.levelname} {getattr(line, 'code', '')}" for line in lines] == ([logged] if logged else [])


def test_a_file_over_the_limit_is_refused_and_a_request_holds_so_many(owner, draft, monkeypatch):
    theirs = signed_in(owner)
    assert send(theirs, draft, content=b"%PDF-" + b"0" * 10_100_001).status_code == 413
    monkeypatch.setattr(actions, "MOST", 1)
    send(theirs, draft)
    assert "le maximum" in send(theirs, draft).content.decode()
    assert Evidence.objects.count() == 1


def test_files_follow_what_the_publisher_may_change(owner, house, draft):
    developer = member(house, PublisherRole.DEVELOPER, email="dev@untoit.example")
    theirs = signed_in(developer)
    send(theirs, draft)
    send(theirs, draft, title="Rapport")
    first, second = Evidence.objects.all()
    theirs.post(at("remove_evidence", draft.pk, first.pk))
    assert [*Evidence.objects.all()] == [second]
    examined(draft, owner)
    assert theirs.get(at("evidence", draft.pk)).status_code == 404
    assert theirs.post(at("remove_evidence", draft.pk, second.pk)).status_code == 404
    assert send(theirs, draft).status_code == 404


def test_a_file_goes_with_its_retention_and_the_key_with_the_last_one(owner, draft):
    send(signed_in(owner), draft)
    name = Evidence.objects.get().stored_name
    assert actions.delete_due() == 0
    examined(draft, owner)
    LabelRequest.objects.filter(pk=draft.pk).update(
        state="refused", decided_by=AgentFactory(), decided_at=timezone.now(), reasons="Non.", remedies="Oui."
    )
    assert actions.delete_due() == 0
    LabelRequest.objects.filter(pk=draft.pk).update(decided_at=timezone.now() - actions.KEPT - timedelta(minutes=1))
    assert actions.delete_due() == 1
    assert not Evidence.objects.exists() and not PublisherKey.objects.exists()
    assert name not in set(sealed_storage.names())


def test_another_publishers_key_opens_nothing_and_the_portal_never_replaces_one(owner, house, draft):
    send(signed_in(owner), draft)
    row, key = Evidence.objects.get(), PublisherKey.objects.get(pk=house.pk)
    with pytest.raises(Unreadable):
        sealed_storage.open_under(row.stored_name, actions.key_for(publisher("Autre", SIRETS[1]).pk)).read()
    # A rotation finds the key, and runs as the owner of the tables.
    assert KEEPER in protect.keepers()
    assert (house.pk, key.protected) in KEEPER.texts()
    with pytest.raises(DatabaseError, match="permission denied"):
        KEEPER.replace(house.pk, key.protected, protect.protect("AAAA", purpose=PURPOSE))
    with sealed_storage.open_under(row.stored_name, actions.key_for(house.pk)) as stream:
        assert stream.read() == CONTRACT


def test_a_publishers_files_count_in_no_vault(owner, draft, resident):
    send(signed_in(owner), draft)
    assert quota.room(resident_id=resident.pk).used == 0
    assert Evidence in set(keepers()) - set(keepers_of_residents())
