"""What an administration gave to the city goes on to no service, and the resident is told why (CRPA, L114-8)."""

import json
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from django_scopes import scope

from certification.access.details import purpose_of
from core import journal
from core.models.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.certification.access.program import answer, ask, body, called, connected
from tests.certification.made import INCOME, PARTS
from tests.vault.entrusted import entrusted
from tests.vault.made import NOTICE, add, add_signed_notice
from tests.vault.shown import main
from vault.holders import connectors
from vault.holders.actions import senders
from vault.holders.enums import Rhythm
from vault.records import actions, gate
from vault.records.content import holder_catalogue
from vault.records.gate import passing_on
from vault.records.models import Grant, Record

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = "/api/v1/me/fields"
CARD = "handicap.cmi#/mentions"


def pulled(resident, **payload):
    """Add a tax notice as the city's own call of the tax office brings it."""
    notice = {**NOTICE, **payload}
    return add(resident, "fiscal.avis_ir", notice, holder="dgfip", method="api_pull", assurance="holder_verified")


@pytest.fixture
def tenant(resident):
    """A resident whose tax notice came by the city's own right to ask."""
    pulled(resident)
    return resident


@pytest.fixture
def token(session, browser):
    return connected(session, browser, items=[PARTS])["access_token"]


def values(token):
    return {one["field"]: [value["value"] for value in one["values"]] for one in body(called(token, FIELDS))["fields"]}


def test_what_an_administration_gave_is_not_read_by_a_service(token, tenant):
    assert values(token) == {INCOME: [], PARTS: []}
    first = called(token, FIELDS)["ETag"]
    pulled(tenant, annee_revenus=2026)
    assert called(token, FIELDS, **{"If-None-Match": first}).status_code == 304


def test_the_residents_own_paper_is_read(token, tenant):
    add_signed_notice(tenant, revenu_fiscal_reference=777, annee_revenus=2024)
    assert values(token)[INCOME] == [777]


def test_a_correction_passes_on_what_the_resident_typed_and_not_the_rest(token, tenant):
    with scope(resident=tenant.pk):
        record = Record.objects.get()
    actions.correct_record(record=record, by=tenant.pk, payload={**NOTICE, "nombre_parts": 3})
    assert values(token) == {INCOME: [], PARTS: [3]}


def test_a_companion_reads_it_all_the_same(tenant):
    mandate = entrusted(tenant, CompanionFactory(), "notices")
    assert gate.read(grant=mandate.grant, fields=[INCOME], person=tenant.pk).value(INCOME) == 12312


def test_the_page_of_consent_says_why_and_shows_no_value(session, browser, tenant):
    page = main(ask(session, browser))
    assert "Ce qui ne partira pas" in page and "L114-8" in page and "12 312" not in page and "12\u202f312" not in page


def test_what_may_go_on_says_so_by_name():
    assert {*connectors.passed_on()} == {"enedis", "grdf"}
    terms = passing_on.Terms()
    assert terms.is_closed("api_pull", "caf") and terms.is_closed("api_pull", "someone new")
    assert not terms.is_closed("api_pull", "enedis") and not terms.is_closed("upload", "caf")


# Terms of a holder that sends lots


def sent_by_the_landlord(resident, **more):
    notice = {**NOTICE, "revenu_fiscal_reference": 4321, **more}
    return add(resident, "fiscal.avis_ir", notice, holder="bailleur", method="api_push", assurance="holder_verified")


@pytest.fixture
def landlord(label):
    """A holder whose terms say that what it sends goes on to no service; and one without such terms."""
    holder_catalogue.load()
    allow = partial(senders.allow, types_sent=["fiscal.avis_ir"], rhythm=Rhythm.DAILY)
    allow(holder="mediatheque", service_id=uuid4())
    return allow(holder="bailleur", service_id=uuid4(), stays=True)


@pytest.fixture
def lodger(resident):
    sent_by_the_landlord(resident)
    return resident


def test_what_a_holder_sent_is_read_by_a_service_unless_its_terms_say_no(session, lodger, label):
    read = connected(session, signed_in(lodger), items=[PARTS])["access_token"]
    assert values(read)[INCOME] == [4321]


def test_what_a_holder_s_terms_keep_here_is_read_by_no_service(session, landlord, lodger):
    read = connected(session, signed_in(lodger), items=[PARTS])["access_token"]
    assert values(read) == {INCOME: [], PARTS: []}
    tag = called(read, FIELDS)["ETag"]
    sent_by_the_landlord(lodger, annee_revenus=2026)
    assert called(read, FIELDS, **{"If-None-Match": tag}).status_code == 304
    senders.end(sender=landlord, by=AgentFactory(manages_agents=True))
    assert values(read)[INCOME] == [], "the end of its lots does not change what its terms were"
    mandate = entrusted(lodger, CompanionFactory(), "notices")
    assert gate.read(grant=mandate.grant, fields=[INCOME], person=lodger.pk).value(INCOME) == 4321


def test_the_page_of_consent_says_whose_terms_and_offers_the_residents_own_copy(session, landlord, lodger):
    page = main(ask(session, signed_in(lodger)))
    assert "Selon ses conditions" in page and "Demander ma copie" in page and "L114-8" not in page
    assert "4 321" not in page and "4\u202f321" not in page


def test_terms_that_somebody_else_changed_are_refused(session, landlord, lodger):
    read = connected(session, signed_in(lodger), items=[PARTS])["access_token"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE holders_sender SET stays = false")
    with pytest.raises(Forged):
        senders.whose_lots_stay()
    assert called(read, FIELDS).status_code != 200


def test_the_journal_has_a_reading_that_found_nothing(token, tenant):
    values(token)
    assert [one.event for one in journal.entries(resident_id=tenant.pk, limit=3)][0] == "granted_read"


def test_what_was_agreed_before_asks_who_one_is_again_if_it_is_sensitive(granted_label, program_of, browser, tenant):
    """A service that asks for less now would otherwise prolong what is sensitive, without a look at who agrees."""
    session = program_of(granted_label(CARD))
    page = ask(session, browser)
    answer(browser, page, items=[CARD])
    with scope(resident=tenant.pk):
        purpose = str(purpose_of(Grant.objects.get(stopped_at=None)))
    less = [{"type": "vault_purpose", "purpose": purpose, "fields": [INCOME]}]
    with time_machine.travel(timezone.now() + timedelta(minutes=9)):
        again = ask(session, browser, authorization_details=json.dumps(less))
    assert again.status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        again = ask(session, browser, authorization_details=json.dumps(less))
    assert again.status_code == 302 and "confirmer" in again["Location"]
