"""Taking one line out of a share: at once, with a journal entry and a receipt, and for good."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.accounts.factories import CompanionFactory, signed_in
from tests.vault.couples import TRIED, couple, granted, shared
from tests.vault.entrusted import entrusted
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, PARTS, RENT, linked, main
from vault.records import gate
from vault.records.actions import confirm_paper, grants
from vault.records.enums import Happened, RefusalCode
from vault.records.grants import agreements, lines, receipts
from vault.records.models import Grant, GrantEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


@pytest.fixture
def grant(resident):
    add_signed_notice(resident)
    return granted(resident, INCOME, PARTS)


def entries(resident):
    return journal.entries(resident_id=resident.pk, limit=20)


def page(grant):
    return reverse("sharing:take_out", args=[grant.pk])


def codes(grant):
    with scope(resident=grant.resident_id):
        return [line.code for line in lines.lines_of(grant)]


def fields_in(event):
    return [one["pii_type"] for one in receipts.verify(event.receipt)["processing"]["pii_information"]]


def test_a_line_taken_out_is_read_no_more_and_the_rest_goes_on(grant, resident):
    grants.take_out(grant=grant, by=resident.pk, line="parts")
    with pytest.raises(gate.Refused) as refused:
        gate.read(grant=grant, fields=[PARTS])
    assert refused.value.code == RefusalCode.NOT_COVERED
    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312
    assert codes(grant) == ["income"]


def test_a_line_taken_out_is_an_entry_and_a_receipt_of_what_is_left(grant, resident):
    with scope(resident=resident.pk):
        given = grants.note(grant, Happened.GIVEN, grant.starts_at)
        GrantEvent.objects.filter(pk=given.pk).update(receipt="")
    grants.take_out(grant=grant, by=resident.pk, line="parts")
    [entry] = [one for one in entries(resident) if one.event == "grant_narrowed"]
    assert entry.fields == [PARTS] and entry.actor_id == resident.pk
    with scope(resident=resident.pk):
        narrowed = GrantEvent.objects.select_related("grant").get(happened=Happened.NARROWED)
        signed_late = GrantEvent.objects.select_related("grant").get(pk=given.pk)
        grants.receipt(signed_late)
    assert narrowed.lines == [PARTS] and fields_in(narrowed) == [INCOME]
    assert fields_in(signed_late) == sorted([PARTS, INCOME])


def test_taking_the_same_line_out_twice_is_once(grant, resident):
    for _time in range(2):
        grants.take_out(grant=grant, by=resident.pk, line="parts")
    assert [one.event for one in entries(resident)].count("grant_narrowed") == 1


def test_a_line_that_is_needed_stays(grant, resident):
    with pytest.raises(ValueError, match="whole"):
        grants.take_out(grant=grant, by=resident.pk, line="income")
    assert codes(grant) == ["income", "parts"]


def test_the_last_line_stays(resident):
    add_signed_notice(resident)
    grant = granted(resident, PARTS)
    with pytest.raises(ValueError, match="whole"):
        grants.take_out(grant=grant, by=resident.pk, line="parts")


def test_only_the_resident_takes_a_line_out(grant, stranger):
    with pytest.raises(PermissionDenied):
        grants.take_out(grant=grant, by=stranger.pk, line="parts")


def test_nothing_is_taken_out_of_a_stopped_share(grant, resident):
    grants.stop(grant=grant, by=resident.pk)
    grants.take_out(grant=grant, by=resident.pk, line="parts")
    assert codes(grant) == ["income", "parts"]


def test_a_paper_taken_out_of_a_link_ends_a_download_under_way(resident, browser):
    add_signed_notice(resident)
    paper = uploaded(browser, resident, notice_pdf())
    confirm_paper(paper=paper, by=resident.pk)
    key = linked(resident, INCOME, papers=[paper.pk])
    with scope(resident=resident.pk):
        grant = Grant.objects.get(pk=key.link.grant_id)
    _paper, file = gate.read_file(grant=grant, paper_id=paper.pk, position=0, visit=None)
    assert file.read(10)
    grants.take_out(grant=grant, by=resident.pk, line=str(paper.pk))
    with pytest.raises(gate.Refused), file:
        file.read(10)
    with pytest.raises(gate.Refused):
        gate.read_file(grant=grant, paper_id=paper.pk, position=0, visit=None)
    _values, papers = gate.read_all(grant=grant, fields=[INCOME], visit=None)
    assert papers == []


def test_an_item_of_a_mandate_is_taken_out_and_the_companion_no_longer_sees_it(resident):
    add(resident, "logement.domicile", HOME)
    companion = CompanionFactory()
    mandate = entrusted(resident, companion, "home", "notices")
    before = codes(mandate.grant)
    grants.take_out(grant=mandate.grant, by=resident.pk, line="home")
    assert {*before} - {*codes(mandate.grant)} == {"home"}
    address = reverse("sharing:accompanied_values", args=[mandate.pk, "home"])
    assert signed_in(companion).get(address).status_code == 403


def test_no_two_items_of_an_agreement_share_a_field():
    """Otherwise a line taken out would take a part of another one with it."""
    for agreement in agreements.all_agreements():
        fields = [field for item in agreement.items for field in item.fields]
        assert len(fields) == len({*fields}), agreement.code


# The pages


def test_the_page_lists_the_lines_and_asks_before_taking_one_out(grant, resident):
    browser = signed_in(resident)
    listed = main(browser.get(page(grant)))
    assert "Votre revenu" in listed and "Vos parts" in listed and "Nécessaire" in listed
    asked = main(browser.get(page(grant), {"ligne": "parts"}))
    assert "Sera retiré" in asked and "Reste partagé" in asked and codes(grant) == ["income", "parts"]
    done = browser.post(page(grant), {"ligne": "parts"})
    assert done.status_code == 302 and codes(grant) == ["income"]
    assert "Retiré :" in main(browser.get(reverse("sharing:share", args=[grant.pk])))


def test_the_page_of_a_line_that_is_needed_offers_to_stop_the_whole(grant, resident):
    browser = signed_in(resident)
    asked = browser.get(page(grant), {"ligne": "income"})
    assert f'action="{reverse("sharing:stop_sharing", args=[grant.pk])}"' in asked.content.decode()
    forced = browser.post(page(grant), {"ligne": "income"})
    assert forced.status_code == 409 and codes(grant) == ["income", "parts"]


def test_an_unknown_line_changes_nothing_and_says_so(grant, resident):
    answer = signed_in(resident).post(page(grant), {"ligne": str(uuid4())}, follow=True)
    assert "n’est pas, ou plus, dans ce partage" in answer.content.decode()
    assert codes(grant) == ["income", "parts"]


def test_a_copy_has_no_line_to_take_out(resident, stranger):
    couple(resident, stranger)
    add(resident, "logement.domicile", HOME)
    grant = shared(resident, stranger, "address")
    answer = signed_in(resident).get(page(grant), follow=True)
    assert "On ne peut rien retirer de ce partage" in answer.content.decode()


def test_another_residents_share_is_not_found(grant, stranger):
    assert signed_in(stranger).get(page(grant)).status_code == 404
    assert signed_in(stranger).post(page(grant), {"ligne": "parts"}).status_code == 404


def test_the_lines_of_a_link_are_named_by_what_they_are(resident):
    add_signed_notice(resident)
    add(resident, "logement.domicile", HOME)
    key = linked(resident, INCOME, RENT)
    with scope(resident=resident.pk):
        grant = Grant.objects.get(pk=key.link.grant_id)
    signed_in(resident).post(page(grant), {"ligne": RENT})
    assert codes(grant) == [INCOME]
