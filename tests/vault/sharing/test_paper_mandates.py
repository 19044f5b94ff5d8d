"""Paper mandates at the desk: printed, signed, scanned; the hash is stored, the scan only if the resident wants it."""

import hashlib
from uuid import uuid4

import pypdfium2
import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.actions import places, sheets
from accounts.models import User
from core import journal
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.pdf import apart
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.telling import tells
from tests.vault.at_desk import keeper, opened, owner, sheet_of, visited
from tests.vault.entrusted import entrusted, place_at
from tests.vault.made import HOME, add
from tests.vault.sending import notice_pdf
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, Paper
from vault.sharing.across import mandates
from vault.sharing.actions import desk
from vault.sharing.models import Mandate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
SCAN = notice_pdf()


@pytest.fixture(autouse=True)
def no_counts(db):
    cache.clear()


@pytest.fixture
def theo(db) -> User:
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def visit(agathe, hers):
    return opened(agathe, hers)


def address(visit):
    return reverse("sharing:desk_mandate", args=[visit.pk])


def filled(theo, **more):
    return {"place": str(place_at(theo).pk), "items": ["home"], "acts": ["add_paper"], "length": "m1", **more}


def hand_in(client, visit, theo, *, keep="no", scan=SCAN, **more):
    return client.post(
        address(visit), filled(theo, keep=keep, record="1", file=SimpleUploadedFile("mandat.pdf", scan), **more)
    )


def the_mandate(visit) -> Mandate:
    with scope(resident=visit.resident_id):
        return Mandate.objects.select_related("grant").get()


def papers(visit) -> int:
    with scope(resident=visit.resident_id):
        return Paper.objects.count()


def events(visit):
    return [entry.event for entry in journal.entries(resident_id=visit.resident_id, limit=30)]


def stop_page(visit, grant_id):
    return reverse("sharing:stop_desk_mandate", args=[visit.pk, grant_id])


def test_a_scanned_mandate_is_active_at_once(hers, visit, theo):
    add(owner(visit), "logement.domicile", HOME)
    page = hers.get(address(visit)).content.decode()
    assert (
        "checked" not in page
        and "Théo Lassalle" in page
        and not tells(page, "612")
        and "rien dans votre coffre" not in page
    )
    printed = hers.post(address(visit), filled(theo, print="1"))
    text = " ".join(pypdfium2.PdfDocument(printed.content).get_page(0).get_textpage().get_text_range().split())
    assert (
        "Rosa Delmas" in text and "Théo Lassalle, CCAS de Villebrume" in text and "1 mois" in text and "loyer" in text
    )
    assert mandates.live(theo) == [], "printing gives no mandate"

    assert hand_in(hers, visit, theo)["Location"] == reverse("sharing:desk_visit", args=[visit.pk])
    mandate = the_mandate(visit)
    assert mandate.form_sha256 == hashlib.sha256(SCAN).hexdigest()
    assert mandate.grant.channel == "desk" and mandate.acts == ["add_paper"]
    assert (
        "612" in signed_in(theo).get(reverse("sharing:accompanied_values", args=[mandate.pk, "home"])).content.decode()
    )
    entry = next(
        entry
        for entry in journal.entries(resident_id=visit.resident_id, limit=9)
        if entry.event == "mandate_signed_on_paper"
    )
    assert entry.details["form"] == mandate.form_sha256 and entry.means == "desk"


def test_the_resident_sees_the_hash_and_that_it_was_signed_at_the_desk(agathe, hers, visit, theo):
    code = sheet_of(visit, agathe)
    hand_in(hers, visit, theo)
    rosa = sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    share = signed_in(rosa).get(reverse("sharing:share", args=[the_mandate(visit).grant_id])).content.decode()
    assert hashlib.sha256(SCAN).hexdigest() in share and "au guichet, sur un formulaire signé" in share
    grants.stop(grant=the_mandate(visit).grant, by=rosa.pk)
    assert mandates.live(theo) == []


@pytest.mark.parametrize(("keep", "kept"), [("yes", 1), ("no", 0)])
def test_the_scan_is_kept_only_if_the_resident_wants_it(hers, visit, theo, keep, kept, monkeypatch):
    deleted: list[str] = []
    monkeypatch.setattr(sealed_storage, "delete", deleted.append)
    hand_in(hers, visit, theo, keep=keep)
    assert papers(visit) == kept and len(deleted) == 1 - kept


@pytest.mark.parametrize("without", ["place", "length", "keep", "file"])
def test_each_answer_and_the_scan_are_required(hers, visit, theo, without):
    sent = filled(theo, keep="no", record="1", file=SimpleUploadedFile("mandat.pdf", SCAN))
    sent.pop(without)
    assert "govuk-error-summary" in hers.post(address(visit), sent).content.decode()
    assert mandates.live(theo) == []


def test_the_same_scan_sent_twice_gives_one_mandate(hers, visit, theo):
    hand_in(hers, visit, theo, keep="yes")
    before = events(visit)
    hand_in(hers, visit, theo, keep="yes")
    assert events(visit) == before and papers(visit) == 1 and the_mandate(visit)


def test_another_form_replaces_the_former_mandate(hers, visit, theo):
    hand_in(hers, visit, theo)
    hand_in(hers, visit, theo, scan=SCAN + b"\n", length="m6")
    [mandate] = mandates.live(theo)
    assert mandate.form_sha256 == hashlib.sha256(SCAN + b"\n").hexdigest()


def test_the_resident_stops_it_at_the_desk(agathe, hers, visit, theo):
    hand_in(hers, visit, theo)
    grant = the_mandate(visit).grant
    assert "Théo Lassalle" in hers.get(reverse("sharing:desk_visit", args=[visit.pk])).content.decode()
    assert "Arrêter ce mandat" in hers.get(stop_page(visit, grant.pk)).content.decode()
    hers.post(stop_page(visit, grant.pk))
    assert mandates.live(theo) == [] and events(visit)[0] == "grant_stopped_at_desk"
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=["logement.domicile#/loyer"])
    before = events(visit)
    desk.stop_mandate(visit=visit, agent=agathe, grant=grant)
    assert events(visit) == before, "stopping is idempotent"


def test_only_the_residents_mandates_are_stopped_at_the_desk(hers, visit, resident, theo):
    assert hers.post(stop_page(visit, visit.grant_id)).status_code == 404
    assert hers.post(stop_page(visit, uuid4())).status_code == 404
    other = entrusted(resident, theo, "home").grant
    assert hers.post(stop_page(visit, other.pk)).status_code == 404
    with scope(resident=resident.pk):
        assert Grant.objects.active().filter(pk=other.pk).exists()


def test_a_resident_who_signs_in_cannot_sign_at_the_desk(signing_in, theo):
    agent, client, theirs = visited(signing_in, "home")
    assert client.get(address(theirs)).status_code == 403 and hand_in(client, theirs, theo).status_code == 403
    given = entrusted(signing_in, theo, "home").grant
    assert client.post(stop_page(theirs, given.pk)).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.stop_mandate(visit=theirs, agent=agent, grant=given)
    with sealed_storage.create(resident_id=signing_in.pk) as sealed:
        sealed.write(SCAN)
    upload = SealedUpload(name="mandat.pdf", content_type="application/pdf", sealed=sealed)
    terms = Terms(["home"], Mode.LOOK, 1, channel=GrantChannel.DESK)
    with pytest.raises(PermissionDenied):
        desk.sign_on_paper(
            visit=theirs,
            agent=agent,
            membership_id=place_at(theo).pk,
            terms=terms,
            allowed=[],
            upload=upload,
            keep=False,
        )
    assert "Ses mandats" not in client.get(reverse("sharing:desk_visit", args=[theirs.pk])).content.decode()


def test_an_ended_visit_records_and_stops_no_mandate(agathe, hers, visit, theo, monkeypatch):
    hand_in(hers, visit, theo)
    grant = the_mandate(visit).grant
    desk.finish(visit=visit, agent=agathe)
    assert (
        hand_in(hers, visit, theo, scan=SCAN + b"\n").status_code == 404
        and hers.post(stop_page(visit, grant.pk)).status_code == 404
    )
    with pytest.raises(PermissionDenied):
        desk.stop_mandate(visit=visit, agent=agathe, grant=grant)
    monkeypatch.setattr("vault.sharing.across.desk.find", lambda by, session, key: visit)
    assert hand_in(hers, visit, theo, scan=SCAN + b"\n").status_code == 403
    [mandate] = mandates.live(theo)
    assert mandate.grant_id == grant.pk and events(visit)[0] == "act_refused"


def test_a_former_companion_gets_no_mandate(hers, visit, theo):
    sent = filled(theo, keep="no", record="1", file=SimpleUploadedFile("mandat.pdf", SCAN))
    places.end(place=place_at(theo))
    assert "govuk-error-summary" in hers.post(address(visit), sent).content.decode()
    with scope(resident=visit.resident_id):
        assert not Mandate.objects.exists()


def test_others_cannot_record_a_mandate(hers, visit, theo, resident):
    for other in (keeper("Bertrand Colas"), AgentFactory(), theo, resident):
        client = signed_in(other)
        expected = 404 if other.at_desk else 403
        for url in (address(visit), stop_page(visit, uuid4())):
            assert client.get(url).status_code == expected and client.post(url).status_code == expected
    assert Client().get(address(visit))["Location"].startswith("/connexion/")


def test_a_form_that_cannot_be_drawn_shows_a_message(hers, visit, theo, monkeypatch):
    def fails(html, *, style):
        raise apart.NotDrawn

    monkeypatch.setattr(apart, "draw", fails)
    assert (
        "n’a pas pu être dessiné" in hers.post(address(visit), filled(theo, print="1"), follow=True).content.decode()
    )
