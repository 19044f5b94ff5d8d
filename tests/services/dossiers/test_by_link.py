"""A finished dossier shared by a link: selected like a paper, opened through the gate, stopped at once, gone once
deleted.
"""

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.journal import checkpoints
from services.dossiers import recipients
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import State
from services.dossiers.models import KEPT, Dossier, Seal
from tests.core.test_storage import as_before_kinds
from tests.services.dossiers.made import pdf_of, start
from tests.vault.made import add_signed_notice
from tests.vault.shown import INCOME, address, entered, linked, main
from vault.records import gate
from vault.records.actions import grants, keep_file
from vault.records.actions.grants import Recipient
from vault.records.enums import Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantReading
from vault.sharing.agreements import links
from vault.sharing.models.link import LINK_KIND

pytestmark = pytest.mark.django_db(transaction=True)
GONE = "Un dossier n’est plus là"
PDF = b"%PDF-1.7 invented " + bytes(200_000)


def ready(resident):
    """Return a finished dossier, without drawing its pages."""
    with keep_file(resident_id=resident.pk, kind=Dossier.FILE) as file:
        file.write(PDF)
    now, token = timezone.now(), uuid4()
    later = now + KEPT
    seal = Seal.objects.create(
        data_hash=token.hex * 2, file_hash=token.hex * 2, issuer="Villebrume", pages=3, issued_at=now, expires_at=later
    )
    row = Dossier(
        resident_id=resident.pk, aids=["rsa"], title="RSA", purpose="Demande", token=token, state=State.READY
    )
    row.recipient = recipients.seal(row, "CAF")
    row.seal, row.stored_name, row.size, row.pages, row.built_at, row.expires_at = (
        seal,
        file.name,
        len(PDF),
        3,
        now,
        later,
    )
    row.save(force_insert=True)
    return row


@pytest.fixture
def dossier(resident):
    add_signed_notice(resident)
    return ready(resident)


@pytest.fixture
def folder_of_files(settings):
    return Path(settings.STORAGES["sealed"]["OPTIONS"]["location"])


@pytest.fixture
def key(resident, dossier):
    return linked(resident, documents=[dossier.pk])


def events(resident, count=20):
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=count)]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_dossier_is_an_unticked_box_with_its_number_of_pages(browser, resident, dossier):
    make = reverse("sharing:make_link")
    assert make in browser.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    page = browser.get(make).content.decode()
    assert f'value="{dossier.pk}"' in page and "Vos dossiers" in page and " checked" not in page
    words = {
        "title": "Logement",
        "name": "Mme Dubreuil",
        "why": "Louer",
        "days": "7",
        "step": "words",
        "document": [str(dossier.pk)],
    }
    check = main(browser.post(make, words))
    assert f"Dossier {dossier.number}" in check and f"{dossier.pages} pages" in check


def test_drafts_and_other_residents_dossiers_are_not_offered(browser, resident, stranger, dossier):
    draft = start(resident)
    theirs = ready(stranger)
    page = browser.get(reverse("sharing:make_link")).content.decode()
    assert str(draft.pk) not in page and str(theirs.pk) not in page
    for wrong in (draft.pk, theirs.pk, uuid4()):
        with pytest.raises(grants.NothingChosen):
            linked(resident, documents=[wrong])
    mixed = linked(resident, INCOME, documents=[theirs.pk])
    with scope(resident=resident.pk), transaction.atomic():
        assert not mixed.link.grant.documents.exists()
        terms = Terms((), Mode.LOOK, lasts=timedelta(days=7), documents=[theirs.pk])
        to = Recipient(LINK_KIND, uuid4(), links.SOMEBODY)
        with pytest.raises(ValueError, match="not offered"):
            grants.give(resident_id=resident.pk, by=resident.pk, agreement=links.AGREEMENT, recipient=to, terms=terms)


def test_code_gives_the_same_file_as_the_resident_gets(key, resident, dossier):
    visitor = entered(key)
    page = main(visitor.get(address(key)))
    assert f"Dossier {dossier.number}" in page and GONE not in page
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert body(answer) == pdf_of(dossier)
    assert answer["Cache-Control"] == "no-store" and f"dossier-{dossier.number}.pdf" in answer["Content-Disposition"]
    assert "noindex" in answer["X-Robots-Tag"] and answer["Referrer-Policy"] == "no-referrer"


def test_each_download_is_journalled_and_listed_as_received(key, browser, resident, dossier):
    visitor = entered(key)
    body(visitor.get(address(key, "visit_document", dossier.pk)))
    [line] = journal.entries(resident_id=resident.pk, limit=1)
    assert (line.event, line.details["recipient"]) == ("granted_dossier_downloaded", "Mme Dubreuil")
    assert (
        "a téléchargé un dossier que vous avez fait"
        in browser.get(reverse("journal:journal") + "?quoi=lectures").content.decode()
    )
    share = browser.get(reverse("sharing:share", args=[key.link.grant_id])).content.decode()
    assert "téléchargé : Dossier" in share.replace("\u00a0", " ")
    assert "Dossier" in main(browser.get(reverse("sharing:share_received", args=[key.link.grant_id])))
    assert "1 dossier" in main(browser.get(reverse("sharing:shares")))


def test_archive_contains_the_dossier(resident, dossier):
    key = linked(resident, INCOME, documents=[dossier.pk])
    with zipfile.ZipFile(io.BytesIO(body(entered(key).get(address(key, "visit_all"))))) as archive:
        assert archive.namelist() == ["informations.txt", f"dossier-{dossier.number}.pdf"]
        assert archive.read(archive.namelist()[1]) == pdf_of(dossier)
    assert "granted_dossier_downloaded" in events(resident)


def test_dossier_needs_the_code_of_its_own_link(key, resident, dossier):
    assert Client().get(address(key, "visit_document", dossier.pk)).status_code == 404
    other = linked(resident, INCOME, name="M. Roche")
    assert entered(other).get(address(other, "visit_document", dossier.pk)).status_code == 302
    with pytest.raises(gate.Refused):
        gate.read_document(grant=other.link.grant, document_id=dossier.pk, visit=None)
    assert events(resident)[0] == "read_refused"


def test_stopped_grant_interrupts_the_download(key, resident, dossier):
    stream = gate.read_document(grant=key.link.grant, document_id=dossier.pk, visit=None)
    assert stream.read(5) == b"%PDF-"
    grants.stop(grant=key.link.grant, by=resident.pk)
    with pytest.raises(gate.Refused):
        stream.read(5)
    with pytest.raises(gate.Refused):
        gate.read_document(grant=key.link.grant, document_id=dossier.pk, visit=None)
    assert events(resident)[:2] == ["read_refused", "read_refused"]


def test_unanchored_journal_blocks_the_download(key, dossier, monkeypatch):
    visitor = entered(key)
    monkeypatch.setattr(checkpoints, "anchored", lambda: False)
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert answer.status_code == 503


def test_deleted_dossier_is_shown_as_gone(key, browser, resident, dossier):
    visitor = entered(key)
    actions.delete(dossier=dossier, by=resident.pk)
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert answer["Location"] == address(key)
    page = main(visitor.get(address(key)))
    assert GONE in page and "Télécharger" not in page
    assert GONE in main(browser.get(reverse("sharing:share", args=[key.link.grant_id])))
    with scope(resident=resident.pk):
        assert Grant.objects.get().documents.count() == 1 and not GrantReading.objects.exclude(paper_kind="").exists()


def test_expired_dossier_is_shown_as_gone(key, resident, dossier):
    with scope(resident=resident.pk):
        Dossier.objects.update(expires_at=timezone.now())
    assert GONE in main(entered(key).get(address(key)))


def test_owner_opens_the_link_without_being_counted(key, browser, resident, dossier):
    assert f"Dossier {dossier.number}" in main(browser.get(address(key)))
    assert body(browser.get(address(key, "visit_document", dossier.pk))) == pdf_of(dossier)
    with scope(resident=resident.pk):
        assert not GrantReading.objects.exists()
    assert "granted_dossier_downloaded" not in events(resident)


def test_a_file_from_before_kinds_is_compared_with_the_hash_of_its_seal(key, resident, dossier, folder_of_files):
    """Its row had no MAC when it was written: whoever wrote another name there is found by the hash."""
    path = folder_of_files / dossier.stored_name
    as_before_kinds(path, resident.pk, PDF)
    visitor = entered(key)
    assert visitor.get(address(key, "visit_document", dossier.pk)).status_code == 503
    Seal.objects.filter(pk=dossier.seal_id).update(file_hash=hashlib.sha256(PDF).hexdigest())
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert body(answer) == PDF
