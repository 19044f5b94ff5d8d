"""Asking a recipient to erase what it received, its answer, and the complaint to the CNIL."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.accounts.factories import CompanionFactory, signed_in
from tests.telling import tells
from tests.vault.couples import TRIED, granted
from tests.vault.entrusted import entrusted
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.shown import INCOME, PARTS, linked, main
from vault.records import gate
from vault.records.actions import grants
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.actions import erasures
from vault.sharing.enums import ErasureAnswer, ErasureState
from vault.sharing.models import ErasureRequest
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import erasure_letters

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
CONFIRMED, REFUSED = ErasureAnswer.CONFIRMED, ErasureAnswer.REFUSED


@pytest.fixture
def link(resident):
    """A link whose visitor read one of its two fields."""
    add_signed_notice(resident)
    key = linked(resident, INCOME, PARTS)
    with scope(resident=resident.pk):
        grant = Grant.objects.select_related("link").get(pk=key.link.grant_id)
    gate.read_all(grant=grant, fields=[INCOME], visit=None)
    return grant


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def mandate(resident, companion):
    add(resident, "logement.domicile", HOME)
    mandate = entrusted(resident, companion, "home")
    gate.read(grant=mandate.grant, fields=["logement.domicile#/loyer"], person=resident.pk)
    return mandate


def at(name, *parts):
    return reverse(f"sharing:{name}", args=parts)


def events(resident):
    return [one.event for one in journal.entries(resident_id=resident.pk, limit=20)]


def of(grant):
    with scope(resident=grant.resident_id):
        return ErasureRequest.objects.select_related("grant").get(grant=grant)


# The verbs


def test_what_was_read_is_asked_for_and_nothing_else_within_a_month(link, resident):
    made = erasures.ask(grant=link, by=resident.pk)
    assert (made.fields, made.papers, made.state) == ([INCOME], [], ErasureState.ASKED)
    assert timedelta(days=27) < made.due_at - timezone.now() < timedelta(days=32)
    assert events(resident)[0] == "erasure_asked"


def test_what_is_asked_for_already_is_not_asked_twice(link, resident):
    erasures.ask(grant=link, by=resident.pk)
    with pytest.raises(erasures.NothingReceived):
        erasures.ask(grant=link, by=resident.pk)
    gate.read_all(grant=link, fields=[PARTS], visit=None)
    assert erasures.ask(grant=link, by=resident.pk).fields == [PARTS]


def test_nothing_is_asked_of_who_read_nothing(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    with scope(resident=resident.pk):
        grant = Grant.objects.get(pk=key.link.grant_id)
    with pytest.raises(erasures.NothingReceived):
        erasures.ask(grant=grant, by=resident.pk)


def test_a_request_is_late_once_its_time_is_over_without_an_answer(link, resident):
    made = erasures.ask(grant=link, by=resident.pk)
    with time_machine.travel(made.due_at + timedelta(seconds=1), tick=False):
        assert made.state == ErasureState.LATE
        home = signed_in(resident).get(reverse("home")).content.decode()
    assert "n’a pas dit avoir effacé" in home


def test_the_recipient_alone_answers_and_says_why_it_refuses(mandate, resident, companion):
    made = erasures.ask(grant=mandate.grant, by=resident.pk)
    with pytest.raises(PermissionDenied):
        erasures.answer(request=made, by=CompanionFactory().pk, kind=COMPANION_KIND, answer=CONFIRMED)
    with pytest.raises(ValueError, match="why"):
        erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=REFUSED, reason=" ")
    assert of(mandate.grant).state == ErasureState.ASKED
    erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=REFUSED, reason="La loi l’exige.")
    held = of(mandate.grant)
    assert held.state == ErasureState.REFUSED and erasures.reasons([held]) == {held.pk: "La loi l’exige."}
    assert "exige" not in bytes(held.content).decode(errors="replace")
    assert events(resident)[0] == "erasure_refused"


def test_an_answer_does_not_change(mandate, resident, companion):
    made = erasures.ask(grant=mandate.grant, by=resident.pk)
    for _time in range(2):
        erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=CONFIRMED)
    with pytest.raises(erasures.Answered):
        erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=REFUSED, reason="Non.")
    assert events(resident).count("erasure_confirmed") == 1


def test_the_resident_notes_the_answer_to_a_letter_and_to_nothing_else(link, mandate, resident, stranger):
    asked = erasures.ask(grant=link, by=resident.pk)
    with pytest.raises(PermissionDenied):
        erasures.note_answer(request=asked, by=stranger.pk, answer=CONFIRMED)
    erasures.note_answer(request=asked, by=resident.pk, answer=CONFIRMED)
    assert of(link).state == ErasureState.CONFIRMED and events(resident)[0] == "erasure_noted"
    other = erasures.ask(grant=mandate.grant, by=resident.pk)
    with pytest.raises(PermissionDenied):
        erasures.note_answer(request=other, by=resident.pk, answer=CONFIRMED)


def test_a_member_of_the_household_is_not_asked(resident, monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    gate.read(grant=grant, fields=[INCOME])
    with pytest.raises(PermissionDenied):
        erasures.ask(grant=grant, by=resident.pk)
    for name in ("erasure", "cnil_complaint", "cnil_letter"):
        assert signed_in(resident).get(at(name, grant.pk)).status_code == 404


def test_the_database_refuses_an_answer_without_its_date(link, resident):
    made = erasures.ask(grant=link, by=resident.pk)
    with scope(resident=resident.pk), pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=made.pk).update(answer=CONFIRMED)


# The resident's pages


def test_from_what_was_received_one_page_asks_and_then_shows_the_answer(mandate, resident, companion):
    browser = signed_in(resident)
    page = at("erasure", mandate.grant.pk)
    assert page in browser.get(at("share_received", mandate.grant.pk)).content.decode()
    assert "Demander l’effacement" in main(browser.get(page))
    assert browser.post(page).status_code == 302
    assert "Réponse due le" in main(browser.get(page)) and "Demander l’effacement" not in main(browser.get(page))
    made = of(mandate.grant)
    erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=REFUSED, reason="La loi l’exige.")
    assert "La loi l’exige." in main(browser.get(page))
    assert "Refusé" in main(browser.get(at("share", mandate.grant.pk)))
    again = browser.post(page, follow=True)
    assert again.status_code == 200


def test_a_letter_is_downloaded_and_its_answer_noted_on_a_page(link, resident):
    browser = signed_in(resident)
    browser.post(at("erasure", link.pk))
    made = of(link)
    letter = browser.get(at("erasure_letter", link.pk, made.pk))
    assert letter["Content-Type"] == "application/pdf" and b"".join(letter).startswith(b"%PDF")
    note = at("note_erasure", link.pk, made.pk)
    assert "Écrivez la raison" in browser.post(note, {"answer": "refused"}).content.decode()
    assert browser.post(note, {"answer": "refused", "reason": "Ils la gardent."}).status_code == 302
    assert "Ils la gardent." in main(browser.get(at("erasure", link.pk)))
    assert browser.get(note).status_code == 404


def test_the_letter_names_fields_dates_and_the_law_and_no_value(link, resident):
    made = erasures.ask(grant=link, by=resident.pk)
    with scope(resident=resident.pk):
        letter = erasure_letters.asking(of(link), resident.name)
    text = "\n".join([letter.subject, *letter.recipient, *(part.text for part in letter.parts)])
    assert "Mme Dubreuil" in text and "article 17" in text and "evenu fiscal de référence" in text
    assert "12312" not in text and "12 312" not in text and str(made.pk) not in text


def test_the_complaint_has_all_that_the_portal_knows_and_is_not_sent(mandate, resident, companion, mailoutbox):
    made = erasures.ask(grant=mandate.grant, by=resident.pk)
    erasures.answer(request=made, by=companion.pk, kind=COMPANION_KIND, answer=REFUSED, reason="La loi l’exige.")
    sent = len(mailoutbox)
    browser = signed_in(resident)
    text = main(browser.get(at("cnil_complaint", mandate.grant.pk)))
    for told in ("Théo Lassalle", mandate.grant.notice_hash, "article 17", "refus. « La loi l’exige. »", "oyer"):
        assert told in text
    assert "612" not in re.sub(r"[0-9a-f-]{32,}", "", text), "but in a hash or an id, whose digits are chance"
    file = browser.get(at("cnil_letter", mandate.grant.pk))
    assert file["Content-Type"] == "application/pdf" and len(mailoutbox) == sent


def test_another_residents_requests_are_not_found(link, resident, stranger):
    made = erasures.ask(grant=link, by=resident.pk)
    theirs = signed_in(stranger)
    for name, parts in {
        "erasure": [link.pk],
        "erasure_letter": [link.pk, made.pk],
        "note_erasure": [link.pk, made.pk],
        "cnil_complaint": [link.pk],
        "cnil_letter": [link.pk],
    }.items():
        assert theirs.get(at(name, *parts)).status_code == 404
    assert theirs.post(at("erasure", link.pk)).status_code == 404


# The companion's page


def test_a_companion_finds_the_request_and_answers_even_after_the_end(mandate, resident, companion):
    erasures.ask(grant=mandate.grant, by=resident.pk)
    grants.stop(grant=mandate.grant, by=resident.pk)
    theirs, page = signed_in(companion), at("answer_erasure", of(mandate.grant).pk)
    assert page in theirs.get(at("accompanying")).content.decode()
    shown = theirs.get(page).content.decode()
    assert resident.name in shown and "Loyer" in shown and not tells(shown, "612")
    assert "Choisissez une réponse" in theirs.post(page, {}).content.decode()
    assert theirs.post(page, {"answer": "confirmed"}).status_code == 302
    assert of(mandate.grant).state == ErasureState.CONFIRMED
    assert theirs.get(page).status_code == 404


def test_another_companion_does_not_find_the_request(mandate, resident):
    erasures.ask(grant=mandate.grant, by=resident.pk)
    other = signed_in(CompanionFactory())
    assert other.get(at("answer_erasure", of(mandate.grant).pk)).status_code == 404
    assert "effacer" not in other.get(at("accompanying")).content.decode()


def test_a_resident_who_is_no_companion_does_not_answer(mandate, resident):
    erasures.ask(grant=mandate.grant, by=resident.pk)
    assert signed_in(resident).get(at("answer_erasure", of(mandate.grant).pk)).status_code in {403, 404}
