"""A finished dossier shown by a link: chosen like a paper, opened through the gate, stopped at once, simply gone once it is deleted."""

import io
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import checkpoints, journal
from services.dossiers import actions
from services.dossiers.enums import State
from services.dossiers.models import KEPT, Dossier, Seal
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
    """As the worker leaves it, without drawing it."""
    with keep_file(resident_id=resident.pk) as file:
        file.write(PDF)
    now, token = timezone.now(), uuid4()
    later = now + KEPT
    seal = Seal.objects.create(
        data_hash=token.hex * 2, file_hash=token.hex * 2, issuer="Villebrume", pages=3, issued_at=now, expires_at=later
    )
    row = Dossier(
        resident_id=resident.pk,
        aids=["rsa"],
        title="RSA",
        recipient="CAF",
        purpose="Demande",
        token=token,
        state=State.READY,
    )
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
def key(resident, dossier):
    return linked(resident, documents=[dossier.pk])


def told(resident, count=20):
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=count)]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_it_is_a_box_that_nobody_has_ticked_and_its_pages_are_said_before_agreeing(browser, resident, dossier):
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


def test_a_draft_and_the_dossier_of_somebody_else_are_no_choice(browser, resident, stranger, dossier):
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


def test_whoever_has_the_code_downloads_what_its_resident_would(key, resident, dossier):
    visitor = entered(key)
    page = main(visitor.get(address(key)))
    assert f"Dossier {dossier.number}" in page and GONE not in page
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert body(answer) == pdf_of(dossier)
    assert answer["Cache-Control"] == "no-store" and f"dossier-{dossier.number}.pdf" in answer["Content-Disposition"]
    assert "noindex" in answer["X-Robots-Tag"] and answer["Referrer-Policy"] == "no-referrer"


def test_each_download_is_a_line_and_shows_among_what_was_received(key, browser, resident, dossier):
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


def test_the_archive_has_it_too(resident, dossier):
    key = linked(resident, INCOME, documents=[dossier.pk])
    with zipfile.ZipFile(io.BytesIO(body(entered(key).get(address(key, "visit_all"))))) as archive:
        assert archive.namelist() == ["informations.txt", f"dossier-{dossier.number}.pdf"]
        assert archive.read(archive.namelist()[1]) == pdf_of(dossier)
    assert "granted_dossier_downloaded" in told(resident)


def test_without_the_code_or_in_another_link_it_does_not_open(key, resident, dossier):
    assert Client().get(address(key, "visit_document", dossier.pk)).status_code == 404
    other = linked(resident, INCOME, name="M. Roche")
    assert entered(other).get(address(other, "visit_document", dossier.pk)).status_code == 302
    with pytest.raises(gate.Refused):
        gate.read_document(grant=other.link.grant, document_id=dossier.pk, visit=None)
    assert told(resident)[0] == "read_refused"


def test_a_stop_counts_at_the_next_piece(key, resident, dossier):
    stream = gate.read_document(grant=key.link.grant, document_id=dossier.pk, visit=None)
    assert stream.read(5) == b"%PDF-"
    grants.stop(grant=key.link.grant, by=resident.pk)
    with pytest.raises(gate.Refused):
        stream.read(5)
    with pytest.raises(gate.Refused):
        gate.read_document(grant=key.link.grant, document_id=dossier.pk, visit=None)
    assert told(resident)[:2] == ["read_refused", "read_refused"]


def test_while_the_journal_is_not_anchored_it_does_not_open(key, dossier, monkeypatch):
    visitor = entered(key)
    monkeypatch.setattr(checkpoints, "anchored", lambda: False)
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert answer.status_code == 503


def test_once_it_is_deleted_the_page_says_that_it_is_gone(key, browser, resident, dossier):
    visitor = entered(key)
    actions.delete(dossier=dossier, by=resident.pk)
    answer = visitor.get(address(key, "visit_document", dossier.pk))
    assert answer["Location"] == address(key)
    page = main(visitor.get(address(key)))
    assert GONE in page and "Télécharger" not in page
    assert GONE in main(browser.get(reverse("sharing:share", args=[key.link.grant_id])))
    with scope(resident=resident.pk):
        assert Grant.objects.get().documents.count() == 1 and not GrantReading.objects.exclude(paper_kind="").exists()


def test_on_its_last_day_it_is_gone_as_well(key, resident, dossier):
    with scope(resident=resident.pk):
        Dossier.objects.update(expires_at=timezone.now())
    assert GONE in main(entered(key).get(address(key)))


def test_whose_link_it_is_sees_it_and_is_not_counted(key, browser, resident, dossier):
    assert f"Dossier {dossier.number}" in main(browser.get(address(key)))
    assert body(browser.get(address(key, "visit_document", dossier.pk))) == pdf_of(dossier)
    with scope(resident=resident.pk):
        assert not GrantReading.objects.exists()
    assert "granted_dossier_downloaded" not in told(resident)
